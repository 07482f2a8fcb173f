//! The strings: those known to be misread, and random ones near to them.
#![allow(clippy::indexing_slicing, reason = "every index is drawn below the length")]

/// What the hazard list lacks.
const MORE: &[&str] = &[
    "0b-1",
    "0b+1",
    "-0b-1",
    "0_x1F",
    "1_e3",
    "1_e_+_3",
    "-_1",
    "+_1",
    "._5",
    ".__",
    "0o-7",
    "0O_7",
    "0x-1",
    "1,0",
    "1,000.5",
    "8080:80",
    "1:2:3.4",
    "2024-1-1 1:2:3",
    "2024-01-01  10:00",
    "2024-01-01T",
    "2024-01-01 x",
    "2024-01-01t1",
    "20-1-1",
    ".iNf",
    "+.NaN",
    "-.nan",
    ".inf_",
    ".in_f",
    "0x1p3",
    "0x1.8p1",
    "1p3",
    "1e",
    "1e+",
    "1.e3",
    ".e3",
    "1..2",
    "1__",
    "0__7",
    "<",
    "<<<",
    "==",
    "= a",
    "~~",
    "yEs",
    "oN",
    "Off ",
    " y",
    "nULL",
    "y\n",
    "~\n",
    "--",
    "---",
    "----",
    "--- ",
    "---\n",
    "...\n",
    "....",
    "..a",
    "%TAG ! x",
    ":",
    "::",
    ": ",
    ":a:",
    "a::b",
    "?",
    "??",
    "? ",
    "-?",
    "-:",
    "-#",
    "- #",
    ":#",
    "?#",
    "a:\n",
    "a: |\n  b\n",
    "# a\n# b\n",
    "\ta: b\n",
    "a\n\n\n\n",
    "\n\n\n a",
    "a\n\t",
    "a\n\t\n\n",
    "a\n   \n   ",
    "  a\n\n",
    "\t a\n",
    "a \n",
    "a\t\n",
    " \n a",
    "\t\n a",
    "\n\t\na",
    "\n \n",
    "\t\n\t",
    "a\n\u{3000}b\n",
    "\u{3000}a\nb",
    "\u{a0}\n\u{a0}",
    "a\u{3000}",
    "\u{2003}",
    "a\u{2003}",
    "\u{1680}a",
    "\u{feff}\n",
    "a\n\u{feff}b",
    "\r\n\r\n",
    "a\r\n",
    "\u{85}\n",
    "a\u{85}\nb",
    "a\u{2029}\n",
    "a\n\u{fffe}\n",
    "\u{1f600}\n\u{1f600}\n",
    "\u{10ffff}\n",
    "\u{fdd0}",
    "\u{fdd0}\n",
    "\u{e0001}",
    "__proto__",
    "constructor",
    "toString",
    "__proto__\n",
    "hasOwnProperty",
    "a\u{b}\n",
    "\\",
    "\\\n",
    "\"\n",
    "'\n'",
    "\\x",
    "a\\",
    "a\"",
    "''\n",
    "{{- x }}\n",
    "[a\nb]\n",
    "{a\n",
    "!!binary |\n  aGk=\n",
    "&a\n*a\n",
    "*a\n",
    "@a\n",
    "`a`\n",
    "%a\n",
    "|\n",
    "|+2\n",
    ">-\n  a\n",
    "- \n- \n",
    "-\n",
    "?\n",
    ":\n",
];

/// The hazard list, some strings more, and long ones.
pub(crate) fn corpus(hazards: &[String]) -> Vec<String> {
    let mut all: Vec<String> = hazards.to_vec();
    all.extend(MORE.iter().map(ToString::to_string));
    for length in [126, 127, 128, 129, 250, 255, 317, 1000, 1020, 1023, 1024, 1025, 3000, 100_000] {
        for unit in
            ["x", "x ", "あ", "\0", "\u{fffe}", "'", "\"", "a: ", "x\n", " x\n", "é", "\u{1f600}", "1", "word\u{3000}"]
        {
            if length < 100_000 || unit == "x" || unit == "x " || unit == "あ" || unit == "a: " || unit == "\0" {
                all.push(unit.repeat(length / unit.len() + 1));
            }
        }
    }
    all
}

/// Every string of at most two signs, and of three of the worst.
pub(crate) fn short() -> Vec<String> {
    let mut all = Vec::new();
    let ascii = (0..128).map(char::from);
    let wide = "\u{80}\u{85}\u{9f}\u{a0}éあ\u{2003}\u{2028}\u{2029}\u{200b}\u{feff}\u{fffd}\u{fffe}\u{1f600}".chars();
    let signs: Vec<char> = ascii.chain(wide).collect();
    for first in &signs {
        all.push(first.to_string());
        all.extend(signs.iter().map(|second| [*first, *second].iter().collect::<String>()));
    }
    let worst: Vec<char> = "-?:,[]{}#&*!|>'\"%@`~=<.+_ \t\n\r\\/01eExon".chars().collect();
    for first in &worst {
        for second in &worst {
            all.extend(worst.iter().map(|third| [*first, *second, *third].iter().collect::<String>()));
        }
    }
    all
}

/// `count` strings that are the same for the same seed.
pub(crate) fn random(hazards: &[String], count: usize, seed: u64) -> Vec<String> {
    let mut dice = Dice(seed);
    let hazards: Vec<&str> =
        hazards.iter().map(String::as_str).chain(MORE.iter().copied()).filter(|text| text.len() < 60).collect();
    (0..count)
        .map(|_| match dice.below(8) {
            0 => dice.letters("-?:,[]{}#&*!|>'\"%@`~=<.+_ \t\n\r\\/019aeExyno", 9),
            1 => dice.letters("0123456789_+-.:,eExXoObBafFTtZz ", 12),
            2 => dice.letters("0011_+-.:eE", 6),
            3 => dice.any_letters(10),
            4 => dice.lines(),
            5 => dice.changed_word(&hazards),
            _ => dice.joined(&hazards),
        })
        .collect()
}

/// Splitmix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % bound.max(1)
    }

    fn of<'a, T: ?Sized>(&mut self, choice: &[&'a T]) -> &'a T {
        choice[self.below(choice.len())]
    }

    fn letters(&mut self, alphabet: &str, longest: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let length = 1 + self.below(longest);
        (0..length).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    fn any_letter(&mut self) -> char {
        let code = match self.below(8) {
            0 => self.below(0x80),
            1 => 0x80 + self.below(0x80),
            2 => 0x2000 + self.below(0x70),
            3 => 0xfe00 + self.below(0x200),
            4 => self.below(0x1_0000),
            5 => self.below(0x11_0000),
            6 => 0x1_f300 + self.below(0x400),
            _ => 0x20 + self.below(0x5f),
        };
        u32::try_from(code).ok().and_then(char::from_u32).unwrap_or('\u{3042}')
    }

    fn any_letters(&mut self, longest: usize) -> String {
        let length = 1 + self.below(longest);
        (0..length).map(|_| self.any_letter()).collect()
    }

    fn lines(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(5) {
            text.push_str(self.of(&["", "", "", " ", "  ", "   ", "\t", " \t", "\u{3000}"]));
            text.push_str(self.of(&[
                "",
                "",
                "a",
                "a: b",
                "- a",
                "# a",
                "---",
                "...",
                "'",
                "\"",
                "あ",
                "\u{1f600}",
                "key:",
                "\\",
                "%",
                "|",
            ]));
            text.push_str(self.of(&["", "", "", " ", "  ", "\t", ":", " #"]));
            text.push_str(self.of(&["\n", "\n", "\n", "\n", "\n\n", "\n\n\n", "\n", "\n", "\n", "\r\n"]));
        }
        if self.below(2) == 0 {
            text.pop();
        }
        text
    }

    fn changed_word(&mut self, words: &[&str]) -> String {
        let mut letters: Vec<char> = self.of(words).chars().collect();
        for _ in 0..=self.below(2) {
            let at = self.below(letters.len() + 1);
            match self.below(4) {
                0 => letters.insert(at, self.any_letter()),
                1 if at < letters.len() => drop(letters.remove(at)),
                2 if at < letters.len() => letters[at] = letters[at].to_ascii_uppercase(),
                _ => letters.insert(
                    at,
                    self.of(&["_", " ", ".", "-", ":", "\n", "0", "\t", "+", "#"]).chars().next().unwrap_or('_'),
                ),
            }
        }
        letters.into_iter().collect()
    }

    fn joined(&mut self, words: &[&str]) -> String {
        let mut text = self.of(words).to_owned();
        for _ in 0..=self.below(3) {
            text.push_str(self.of(&["", "", " ", "\n", ": ", " #", "\t"]));
            text.push_str(self.of(words));
        }
        text
    }
}
