use super::*;

fn check(value: &impl Serialize) {
    let written = serde_json::to_string(value).unwrap().len();
    assert_eq!(walk(value, Count::Exactly).bytes, written);
    assert!(walk(value, Count::AtMost).bytes >= written);
}

#[test]
fn counts_what_serde_json_writes() {
    check(&serde_json::json!({
        "a": "plain", "b": "quote \" back \\ line \n tab \t \u{1} \u{7f} 日本", "c": [1, -20, 0, true, false, null],
        "d": {}, "e": [], "f": [[], {"x": {}}], "": 18_446_744_073_709_551_615_u64, "g": i64::MIN,
    }));
    for number in [0, 1, 9, 10, 99, 100, -1, -10, i32::MIN, i32::MAX] {
        check(&number);
    }
    check(&'"');
    check(&Some("x"));
    check(&(1_u8, "two", 3.5_f64));
}

proptest::proptest! {
    #[test]
    fn any_string_is_counted(text in ".*") {
        check(&text);
    }
}
