//! Folding and fitting.

use super::{Fit, Words, fold};

fn check(asked: &str, texts: &[&str], expected: Option<Fit>) {
    let mut lines = String::new();
    for text in texts {
        fold(&mut lines, text);
    }
    assert_eq!(
        Words::of(asked).fit(&lines),
        expected,
        "{asked} in {lines:?}"
    );
}

#[test]
fn case_accents_and_punctuation_do_not_count() {
    check("canon", &["Cañon del Oro"], Some(Fit::Begins));
    check("CAÑON DEL ORO", &["Canon del Oro"], Some(Fit::Whole));
    check("can\u{303}on", &["Cañon"], Some(Fit::Whole));
    check(
        "st marys",
        &["Carondelet St. Mary's Hospital"],
        Some(Fit::Begins),
    );
    check("26-1187", &["26-118790"], Some(Fit::Begins));
}

#[test]
fn each_word_may_begin_any_word_of_any_text() {
    check("camp speed", &["Speedway & Campbell"], Some(Fit::Begins));
    check(
        "crash 22nd",
        &["Crash, injuries", "22nd St & Alvernon"],
        Some(Fit::Begins),
    );
    check("camp oracle", &["Speedway & Campbell"], None);
}

#[test]
fn a_part_of_a_word_fits_worse() {
    check("edway", &["Speedway & Campbell"], Some(Fit::Within));
    check("way camp", &["Speedway & Campbell"], Some(Fit::Within));
    assert!(Fit::Whole < Fit::Begins && Fit::Begins < Fit::Within);
}

#[test]
fn a_question_without_letters_fits_nothing() {
    check("&&", &["Speedway & Campbell"], None);
    check("ab", &[], None);
    check("ab", &[""], None);
}

#[test]
fn a_text_is_a_line_and_its_words_stand_apart() {
    let mut lines = String::new();
    for text in ["  O'Neil -- & Sons! ", "¿Dónde?", "", "ẞ-1"] {
        fold(&mut lines, text);
    }
    assert_eq!(lines, "oneil sons\ndonde\n\nss 1");
}

#[test]
fn what_fits_stands_in_one_text() {
    check("ab cd", &["x ab", "cd y"], Some(Fit::Begins));
    check("b cd", &["ab", "cd"], None);
    check("ab cd", &["ab cd", "ef"], Some(Fit::Whole));
    check("aa", &["baa aa"], Some(Fit::Begins));
}
