"""The generous reader of requests (contract 2.4, design P9).

`body` turns the bytes of a request into a payload, `reader` turns a payload into typed values by
a declared `Spec`, `kinds` and its neighbours know how to cast, mend or ignore one value, `fields`
declares the fields of the contract, and `openapi` describes a spec.
"""
