"""As much of JSON Schema as the view's schema uses: what it does not know it refuses, so that nothing goes unchecked."""

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "type", "required", "additionalProperties", "properties"),
    *("items", "enum", "const", "minimum", "maximum", "minItems", "maxItems"),
}


def is_a(value, name):
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("number", "integer"))


def check(value, schema, whole=None, at="view"):
    """Raise ``AssertionError`` naming the place where a value does not fit."""
    whole = whole or schema
    assert not set(schema) - KNOWN, f"{at}: unknown {set(schema) - KNOWN}"
    if "$ref" in schema:
        return check(value, whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole, at)
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert any(is_a(value, name) for name in types), f"{at}: {value!r} is no {types}"
    assert "const" not in schema or value == schema["const"], at
    assert "enum" not in schema or value in schema["enum"], f"{at}: {value!r}"
    if isinstance(value, (int, float)):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), f"{at}: {value}"
    if isinstance(value, list):
        assert schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)), at
        for i, item in enumerate(value):
            check(item, schema.get("items", {}), whole, f"{at}[{i}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        missing = set(schema.get("required", ())) - set(value)
        assert not missing, f"{at}: {missing} is missing"
        assert schema.get("additionalProperties", True) or not set(value) - set(properties), f"{at}: {set(value)}"
        for key, item in value.items():
            check(item, properties.get(key, {}), whole, f"{at}.{key}")
    return None
