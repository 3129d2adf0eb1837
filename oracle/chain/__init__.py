"""Everything that speaks to a chain: endpoints, contracts, events, deployment, keys."""
