//! Fuzzing what administrators write: objects, scripts of the management shell.

use mailward_model::{Object, ObjectId, Revision};
use mailward_store::text;

/// The text of objects: every error has a place in the text, and what is read without one is the
/// same after it was written and read again.
///
/// # Panics
/// Where one of these does not hold.
pub fn fuzz_objects_text(data: &[u8]) {
    let Ok(given) = std::str::from_utf8(data) else {
        return;
    };
    let wanted = match text::parse(given) {
        Ok(wanted) => wanted,
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            let lines = given.split('\n').count();
            for error in errors {
                assert!((1..=lines).contains(&error.place.line), "{error}");
                assert!(error.place.column >= 1, "{error}");
                assert!(!error.problem.is_empty(), "{error}");
            }
            return;
        }
    };
    let objects = |wanted: Vec<text::Wanted>| {
        let mut objects: Vec<Object> = wanted
            .into_iter()
            .map(|wanted| Object {
                id: ObjectId(1),
                name: wanted.name,
                revision: Revision(1),
                spec: wanted.spec,
            })
            .collect();
        objects.sort_by_key(|object| (object.spec.kind(), object.name.clone()));
        objects
    };
    let objects_once = objects(wanted);
    let exported = text::export(&objects_once);
    match text::parse(&exported) {
        Ok(again) => assert_eq!(objects(again), objects_once, "{exported}"),
        Err(errors) => unreachable!("an export that is refused: {errors:?}\n{exported}"),
    }
}

/// A script of the management shell: what is refused is refused with a place within the text.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_shell_script(data: &[u8]) {
    let Ok(given) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(error) = mailward_shell::check(given) {
        assert!(!error.problem.is_empty(), "refused without a reason");
        assert!(error.span.start <= given.len(), "{error:?}");
        assert!(error.span.start <= error.span.end, "{error:?}");
        assert!(!error.shown(given, Some("script")).is_empty());
    }
    let cursor = given.floor_char_boundary(given.len() / 2);
    let found = mailward_shell::complete(given, cursor, &[], &mut |_| Vec::new());
    assert!(given.is_char_boundary(found.start), "{found:?}");
}
