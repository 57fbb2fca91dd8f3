"""How AWS speaks: requests, signatures, protocols and faults. Knows no domain."""
