() => {
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const opaque = (colour) => colour.length < 4 || colour[3] === 1;
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (opaque(colour)) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.tagName !== "OPTION" && element.tagName !== "title"
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  const judged = texts.map((element) => {
    const style = getComputedStyle(element);
    const ink = numbers(element instanceof SVGElement ? style.fill : style.color);
    return [element.tagName, element.textContent.trim().slice(0, 30), contrast(ink, behind(element)), opaque(ink)];
  });
  const fields = [...document.querySelectorAll("textarea, input, select")].map((element) =>
    [element.id, "field", contrast(numbers(getComputedStyle(element).color), behind(element)), true]);
  const placeholder = document.querySelector("textarea");
  const hint = numbers(getComputedStyle(placeholder, "::placeholder").color);
  const all = [...judged, ...fields, ["textarea", "placeholder", contrast(hint, behind(placeholder)), true]];
  return { judged: all.length, poor: all.filter(([, , ratio, solid]) => !(ratio >= 4.5 && solid)) };
}
