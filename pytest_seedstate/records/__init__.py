"""The data layer: records, factories, scenarios, packs, and the datasets that they make."""
