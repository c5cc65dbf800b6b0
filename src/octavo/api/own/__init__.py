"""What Octavo serves beside the contract, under `/v1/octavo`."""
