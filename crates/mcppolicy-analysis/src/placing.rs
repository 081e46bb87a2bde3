//! Values put into arguments.

use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;

/// `arguments` with `value` at `path`; `None` when something that is no object
/// stands in the way.
pub fn with(arguments: &Value, path: &Path, value: Value) -> Option<Value> {
    let mut changed = arguments.clone();
    put(&mut changed, path, value)?;
    Some(changed)
}

/// Puts `value` at `path`; `arguments` stay as they are where the path meets a
/// value that is no object.
pub(crate) fn put(arguments: &mut Value, path: &Path, value: Value) -> Option<()> {
    fn put(at: &mut Value, segments: &[String], value: Value) -> Option<()> {
        let Some((first, rest)) = segments.split_first() else {
            *at = value;
            return Some(());
        };
        let Value::Object(members) = at else {
            return None;
        };
        let member = members
            .entry(first.clone())
            .or_insert_with(Value::empty_object);
        put(member, rest, value)
    }
    put(arguments, path.segments(), value)
}
