"""From fitted models to one sealed ONNX file, exact to the last bit."""
