//! Enough of JSON Schema to hold JSON reports against the files of `schema/`.

use serde_json::Value;

const REPORT: &str = include_str!("../../schema/report.schema.json");
const FUZZ: &str = include_str!("../../schema/fuzz.schema.json");
const COVERAGE: &str = include_str!("../../schema/coverage.schema.json");
const SELF_TEST: &str = include_str!("../../schema/self-test.schema.json");

/// Whether a line of a run's report keeps to its schema; the error says where it does not.
pub(crate) fn check(line: &Value) -> Result<(), String> {
    check_against(REPORT, line, "line")
}

/// As [`check`], for a line of `rfcheck fuzz`.
pub(crate) fn check_fuzz(line: &Value) -> Result<(), String> {
    check_against(FUZZ, line, "line")
}

/// As [`check`], for what `rfcheck coverage` writes.
pub(crate) fn check_coverage(object: &Value) -> Result<(), String> {
    check_against(COVERAGE, object, "coverage")
}

/// As [`check`], for what `rfcheck self-test` writes.
pub(crate) fn check_self_test(object: &Value) -> Result<(), String> {
    check_against(SELF_TEST, object, "self-test")
}

fn check_against(schema: &str, value: &Value, name: &str) -> Result<(), String> {
    let schema: Value = serde_json::from_str(schema).map_err(|error| error.to_string())?;
    conforms(value, &schema, &schema, name)
}

/// Fails on a keyword it does not know, so that no part of the schema is silently not checked.
fn conforms(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    let keywords = schema.as_object().ok_or("a schema is an object")?;
    for (keyword, argument) in keywords {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" => {}
            "$ref" => {
                let path = argument.as_str().and_then(|path| path.strip_prefix('#')).ok_or("only local references")?;
                let target = root.pointer(path).ok_or_else(|| format!("there is no {path}"))?;
                conforms(value, target, root, at)?;
            }
            "oneOf" => {
                let matching =
                    list(argument)?.iter().filter(|schema| conforms(value, schema, root, at).is_ok()).count();
                if matching != 1 {
                    let errors: Vec<_> =
                        list(argument)?.iter().filter_map(|schema| conforms(value, schema, root, at).err()).collect();
                    return Err(format!("{at} fits {matching} of the alternatives: {errors:?}"));
                }
            }
            "const" if value != argument => return Err(format!("{at} is {value}, not {argument}")),
            "enum" if !list(argument)?.contains(value) => return Err(format!("{at} is {value}, none of {argument}")),
            "const" | "enum" => {}
            "type" => is_type(value, argument).then_some(()).ok_or(format!("{at} is {value}, no {argument}"))?,
            "minimum" => {
                if value.as_i64() < argument.as_i64() && value.is_number() {
                    return Err(format!("{at} is {value}, less than {argument}"));
                }
            }
            "required" => {
                for key in list(argument)? {
                    let key = key.as_str().ok_or("a key is text")?;
                    if value.is_object() && value.get(key).is_none() {
                        return Err(format!("{at} has no {key}"));
                    }
                }
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().ok_or("properties stand beside it")?;
                if let Some(key) =
                    value.as_object().into_iter().flatten().map(|(k, _)| k).find(|k| !known.contains_key(*k))
                {
                    return Err(format!("{at} has the unknown {key}"));
                }
            }
            "properties" => {
                for (key, schema) in argument.as_object().ok_or("properties are an object")? {
                    if let Some(value) = value.get(key) {
                        conforms(value, schema, root, &format!("{at}.{key}"))?;
                    }
                }
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    conforms(value, argument, root, &format!("{at}[{index}]"))?;
                }
            }
            unknown => return Err(format!("this test does not know the keyword {unknown}")),
        }
    }
    Ok(())
}

fn list(argument: &Value) -> Result<&Vec<Value>, String> {
    argument.as_array().ok_or_else(|| format!("{argument} is no list"))
}

fn is_type(value: &Value, argument: &Value) -> bool {
    let one = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match argument {
        Value::String(name) => one(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(one),
        _ => false,
    }
}

#[test]
fn a_line_that_does_not_keep_to_the_schema_is_seen() {
    let good = serde_json::json!({
        "event": "suite-started", "schema": 1, "version": "0", "targets": ["smoltcp"], "scripts": 1, "runs": 1,
        "stale_entries": [], "seed": 0
    });
    assert_eq!(check(&good), Ok(()));
    for (key, value) in [("runs", serde_json::json!(-1)), ("targets", serde_json::json!("x")), ("more", Value::Null)] {
        let mut bad = good.clone();
        bad[key] = value;
        assert!(check(&bad).is_err(), "{key}");
    }
}

#[test]
fn coverage_that_does_not_keep_to_the_schema_is_seen() {
    let sums = serde_json::json!({
        "tested": 1, "reason": 0, "no_reason": 0, "api": 0, "api_tested": 0, "internal": 0, "internal_tested": 0
    });
    let good = serde_json::json!({
        "schema": 1, "targets": [], "wrong_scripts": [], "totals": sums, "levels": [], "rfcs": []
    });
    assert_eq!(check_coverage(&good), Ok(()));
    for (key, value) in [("schema", serde_json::json!(2)), ("rfcs", Value::Null), ("more", Value::Null)] {
        let mut bad = good.clone();
        bad[key] = value;
        assert!(check_coverage(&bad).is_err(), "{key}");
    }
}
