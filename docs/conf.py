"""The documentation site: ``make docs`` builds it into build/site, warnings being errors."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import painresponse  # noqa: E402

project = "painresponse"
author = "the painresponse authors"
copyright = "the painresponse authors, Apache-2.0"  # noqa: A001
version = release = painresponse.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton", "docs.drawn"]
exclude_patterns = ["drawn"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks are committed with their outputs; tests/journey runs them

nitpicky = True
# Types in signatures are often those of other libraries. What pages link to is held all the same.
nitpick_ignore_regex = [(r"py:.*", r".*")]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
default_role = "literal"

html_theme = "furo"
html_title = "painresponse"
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # a page opened from a folder may not fetch others
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {
    "announcement": "Not a medical device. The models that ship are synthetic.",
    "navigation_with_keys": True,
}
copybutton_exclude = ".linenos, .gp, .go"
