"""Says of each example in an OpenAPI document whether its schema takes it.

Reads the document; writes how many examples there were, or what is wrong with them.
"""

import json
import sys

import jsonschema_rs

document = json.load(sys.stdin)
components = {"components": document["components"]}
checked, wrong = 0, []


def check(where, holder):
    """One place that may have an example beside a schema."""
    global checked
    if "example" not in holder or "schema" not in holder:
        return
    checked += 1
    schema = {**components, "allOf": [holder["schema"]]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for fault in validator.iter_errors(holder["example"]):
        wrong.append(f"{where} {list(fault.instance_path)}: {fault.message[:300]}")


for path, methods in document["paths"].items():
    for method, operation in methods.items():
        where = f"{method.upper()} {path}"
        for parameter in operation["parameters"]:
            check(f"{where} {parameter['name']}", parameter)
        bodies = [("body", operation.get("requestBody", {}))]
        bodies += operation["responses"].items()
        for name, body in bodies:
            for content in body.get("content", {}).values():
                check(f"{where} {name}", content)
print("\n".join(wrong) or checked)
sys.exit(bool(wrong))
