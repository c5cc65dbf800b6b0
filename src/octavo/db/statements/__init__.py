"""The statements of the ledger, one module a procedure, written once for both engines."""
