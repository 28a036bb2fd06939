"""Beyond the folds: models made without a site, the future or a block of features; bundles elsewhere."""
