use super::*;
use clap::{Command as Clap, CommandFactory as _};

/// A command and all below it, with the options that they share.
fn all(command: &Clap) -> Vec<Clap> {
    let below = command.get_subcommands();
    let below = below
        .filter(|below| below.get_name() != "help")
        .flat_map(all);
    std::iter::once(command.clone()).chain(below).collect()
}

fn commands() -> Vec<Clap> {
    let mut whole = Arguments::command();
    whole.build();
    all(&whole)
}

#[test]
fn no_help_has_code_marks_and_all_of_it_is_short() {
    let commands = commands();
    assert!(commands.len() > 12, "{}", commands.len());
    for mut command in commands {
        let help = command.render_long_help().to_string();
        // Where a help is longer than its summary it says so.
        for mark in ["`", "see a summary"] {
            assert!(!help.contains(mark), "{mark}: {help}");
        }
    }
}

#[test]
fn the_help_lists_what_the_command_takes() {
    for mut command in commands() {
        let name = command.get_name().to_owned();
        let help = command.render_long_help().to_string();
        assert!(help.contains("--config"), "{name}: {help}");
        assert_eq!(help.contains("--data"), name != "demo", "{name}: {help}");
    }
    for before in [true, false] {
        let words = if before {
            ["atalaya", "--data", "d", "demo"]
        } else {
            ["atalaya", "demo", "--data", "d"]
        };
        let demo = Arguments::try_parse_from(words).unwrap();
        let refused = run(demo).unwrap_err();
        assert!(matches!(refused, Failure::NotThere(_)), "{refused}");
    }
}

#[test]
fn one_is_told_from_many() {
    assert_eq!(
        [0, 1, 2].map(|count| count_of(count, "feature")),
        ["0 features", "1 feature", "2 features"]
    );
}
