//! The bit algebra that turns "digit here, letter there" into "something may end here".
//!
//! Owns: the shapes that call on detectors before anything is known of words or checksums. Refuses:
//! bytes; it sees one bit per byte, 64 to a word. Stays true: a bit is set wherever a trigger's
//! definition (`detector::Trigger`) is met, context aside; every shape lies within the last 16 bytes, so one
//! word of history is enough.
//!
//! Each step is a loop of its own over whole arrays: fused, every word would wait for the one
//! before; apart, the compiler turns each into vector code in the caller's instruction set.

use super::algebra::{and_back, back, each3, merge, narrow_back, near_back, or_back, unless_back};
use super::planes::{NONE, Planes, TILE_WORDS, Words};

/// Which shapes somebody asked for; the others cost nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::scan) struct Wants {
    /// Clusters of nine and more.
    pub(in crate::scan) numbers: bool,
    /// Letters and digits that begin as a code does.
    pub(in crate::scan) codes: bool,
    /// Dotted numbers.
    pub(in crate::scan) dots: bool,
    /// Colons close together.
    pub(in crate::scan) colons: bool,
    /// Single bytes that are rare.
    pub(in crate::scan) specials: bool,
    /// What may be spelled or packed otherwise.
    pub(in crate::scan) views: bool,
}

/// Where shapes end in one tile. Word 0 is the last word of the tile before.
#[derive(Clone)]
pub(in crate::scan) struct Shapes {
    /// A digit, or a separator right after one: what clusters are made of.
    pub(in crate::scan) joined: Words,
    /// Nine bytes of a cluster end here, a digit last.
    pub(in crate::scan) nines: Words,
    /// Fourteen do, or thirteen digits that begin as a card, `DDD-DD-DDDD` or `DDD-DDD-DDDD`.
    pub(in crate::scan) numbers: Words,
    /// `LLDD`, `LL-DD`, `DLXDL` or `DLXD-L` from a token's start ends here.
    pub(in crate::scan) codes: Words,
    /// `D.D.D`, `D.DD.D` or `D.DDD.D` ends here.
    pub(in crate::scan) dots: Words,
    /// The second of two colons, or the last of three with one to four bytes between neighbours.
    pub(in crate::scan) colons: Words,
    /// The twelfth letter or digit of a token with a capital is here, or the sixteenth.
    pub(in crate::scan) runs: Words,
    /// A part of a word begins here: a letter after none, or a capital after a small one.
    pub(in crate::scan) starts: Words,
    /// A keyword begins here that calls on somebody; the pass sets it.
    pub(in crate::scan) words: Words,
    /// A literal may begin here; the pass sets it.
    pub(in crate::scan) literals: Words,
    /// As in the planes.
    pub(in crate::scan) specials: Words,
    /// Something may be spelled otherwise here: a wide character, the exponent of a
    /// number or its tenth digit behind a leading zero.
    pub(in crate::scan) wide: Words,
    /// Something is worth a look here.
    pub(in crate::scan) any: Words,
    work: [Words; 6],
}

/// Planes of shapes.
const PLANES: usize = 11;

impl Shapes {
    /// None.
    pub(in crate::scan) fn new() -> Shapes {
        Shapes {
            joined: NONE,
            nines: NONE,
            numbers: NONE,
            codes: NONE,
            dots: NONE,
            colons: NONE,
            runs: NONE,
            starts: NONE,
            words: NONE,
            literals: NONE,
            specials: NONE,
            wide: NONE,
            any: NONE,
            work: [NONE; 6],
        }
    }

    /// Fills the words 1 to `words` from the planes; word 0 keeps what it has.
    #[inline(always)]
    pub(super) fn find(&mut self, planes: &Planes, words: usize, wants: Wants) {
        // A whole tile is most of them: with the length known every loop unrolls.
        if words == TILE_WORDS {
            self.find_in(planes, TILE_WORDS + 1, wants);
        } else {
            self.find_in(planes, words.min(TILE_WORDS) + 1, wants);
        }
    }

    #[inline(always)]
    fn find_in(&mut self, planes: &Planes, n: usize, wants: Wants) {
        let history = self.last_words(0);
        self.find_starts(planes, n);
        if wants.numbers || wants.views {
            self.numbers(planes, n);
        }
        if wants.codes {
            self.codes(planes, n);
        }
        if wants.dots {
            self.dotted(planes, n);
        }
        if wants.colons {
            self.coloned(planes, n);
        }
        if wants.views {
            self.runs(planes, n);
            self.odd(planes, n);
        }
        self.set_history(history);
    }

    /// Puts together what is worth a look in the words 0 to `words`: where numbers of nine count, and
    /// which rare planes do.
    #[inline(always)]
    pub(super) fn gather(&mut self, reach: &[u64], words: usize, wants: Wants) {
        let n = words.min(TILE_WORDS) + 1;
        let (any, nines) = (&mut self.any[..n], &self.nines[..n]);
        each3(any, nines, &reach[..n], |nine, reached| nine & reached);
        let planes = [
            &self.numbers,
            &self.codes,
            &self.dots,
            &self.colons,
            &self.words,
            &self.literals,
        ];
        planes.into_iter().for_each(|plane| merge(any, &plane[..n]));
        if wants.specials {
            merge(any, &self.specials[..n]);
        }
        if wants.views {
            merge(any, &self.wide[..n]);
            merge(any, &self.runs[..n]);
        }
    }

    /// Makes the word `last` the history of the next tile.
    pub(in crate::scan) fn carry(&mut self, last: usize) {
        let words = self.last_words(last);
        self.set_history(words);
    }

    /// Forgets what came before.
    pub(in crate::scan) fn forget(&mut self) {
        self.set_history([0; PLANES]);
    }

    pub(super) fn all(&self) -> [&Words; PLANES] {
        [
            &self.joined,
            &self.nines,
            &self.numbers,
            &self.codes,
            &self.dots,
            &self.colons,
            &self.runs,
            &self.words,
            &self.literals,
            &self.specials,
            &self.wide,
        ]
    }

    fn last_words(&self, at: usize) -> [u64; PLANES] {
        self.all().map(|plane| plane[at])
    }

    fn set_history(&mut self, words: [u64; PLANES]) {
        let all = [
            &mut self.joined,
            &mut self.nines,
            &mut self.numbers,
            &mut self.codes,
            &mut self.dots,
            &mut self.colons,
            &mut self.runs,
            &mut self.words,
            &mut self.literals,
            &mut self.specials,
            &mut self.wide,
        ];
        all.into_iter()
            .zip(words)
            .for_each(|(plane, word)| plane[0] = word);
    }

    /// Where tokens and words begin; leaves letters-and-digits in `work[0]` and token starts in `work[1]`.
    #[inline(always)]
    fn find_starts(&mut self, planes: &Planes, n: usize) {
        let [alnum, tokens, lower, edges, ..] = &mut self.work;
        let (alnum, tokens, lower, edges) = (
            &mut alnum[..n],
            &mut tokens[..n],
            &mut lower[..n],
            &mut edges[..n],
        );
        let (digits, letters, capitals) = (
            &planes.digits[..n],
            &planes.letters[..n],
            &planes.capitals[..n],
        );
        each3(alnum, digits, letters, |digit, letter| digit | letter);
        unless_back(tokens, alnum, alnum);
        // A word begins where no letter is before, or a capital after a small letter.
        each3(lower, letters, capitals, |letter, capital| {
            letter & !capital
        });
        each3(edges, letters, capitals, |letter, capital| letter & capital);
        narrow_back(edges, lower, 1);
        unless_back(lower, letters, letters);
        merge(lower, edges);
        self.starts[..n].copy_from_slice(lower);
        self.words[1..n].fill(0);
        self.literals[1..n].fill(0);
        self.specials[..n].copy_from_slice(&planes.specials[..n]);
    }

    #[inline(always)]
    fn numbers(&mut self, planes: &Planes, n: usize) {
        let [_, _, a, b, ..] = &mut self.work;
        let (a, b) = (&mut a[..n], &mut b[..n]);
        let (joined, nines, out) = (
            &mut self.joined[..n],
            &mut self.nines[..n],
            &mut self.numbers[..n],
        );
        let (digits, separators) = (&planes.digits[..n], &planes.separators[..n]);
        and_back(joined, separators, digits, 1);
        merge(joined, digits);
        and_back(b, joined, joined, 1);
        and_back(a, b, b, 2);
        and_back(b, a, a, 4);
        // b: eight of a cluster.
        and_back(nines, digits, b, 1);
        and_back(out, nines, b, 6);
        self.grouped(planes, n);
    }

    /// Adds thirteen digits that begin as a card, `DDD-DD-DDDD` and `DDD-DDD-DDDD` to the numbers.
    #[inline(always)]
    fn grouped(&mut self, planes: &Planes, n: usize) {
        let [_, _, two, three, four, last] = &mut self.work;
        let (two, three, four) = (&mut two[..n], &mut three[..n], &mut four[..n]);
        let (last, out) = (&mut last[..n], &mut self.numbers[..n]);
        let (digits, separators) = (&planes.digits[..n], &planes.separators[..n]);
        let cards = &planes.cards[..n];
        and_back(two, digits, digits, 1);
        and_back(three, two, digits, 2);
        and_back(four, two, two, 2);
        and_back(last, four, four, 4);
        for at in 1..n {
            let digit = |k| back(digits, at, k);
            let separator = |k| back(separators, at, k);
            let groups = four[at] & separator(4) & back(two, at, 5);
            let telephone = digit(7) & separator(8) & back(three, at, 9);
            let security = separator(7) & back(three, at, 8);
            let thirteen = last[at] & back(four, at, 8) & back(cards, at, 12);
            out[at] |= (groups & (telephone | security)) | thirteen;
        }
    }

    #[inline(always)]
    fn codes(&mut self, planes: &Planes, n: usize) {
        let [alnum, tokens, second, fourth, ..] = &mut self.work;
        let (alnum, tokens) = (&alnum[..n], &tokens[..n]);
        let (second, fourth) = (&mut second[..n], &mut fourth[..n]);
        let (digits, letters, separators) = (
            &planes.digits[..n],
            &planes.letters[..n],
            &planes.separators[..n],
        );
        let out = &mut self.codes[..n];
        // The second of two letters that begin a token, and the last of `DLXD`.
        and_back(second, letters, letters, 1);
        narrow_back(second, tokens, 1);
        and_back(fourth, digits, alnum, 1);
        narrow_back(fourth, letters, 2);
        narrow_back(fourth, digits, 3);
        narrow_back(fourth, tokens, 3);
        for at in 1..n {
            let pair = digits[at] & back(digits, at, 1);
            let apart = back(separators, at, 2) & back(second, at, 3);
            let two_and_two = pair & (back(second, at, 2) | apart);
            let apart = back(separators, at, 1) & back(fourth, at, 2);
            let fifth = letters[at] & (back(fourth, at, 1) | apart);
            out[at] = two_and_two | fifth;
        }
    }

    #[inline(always)]
    fn dotted(&mut self, planes: &Planes, n: usize) {
        let [_, _, dotted, ..] = &mut self.work;
        let (dotted, out) = (&mut dotted[..n], &mut self.dots[..n]);
        let (digits, dots) = (&planes.digits[..n], &planes.dots[..n]);
        // Dots after a digit; and digits after such a dot, where another stands two, three or four bytes before
        // that one, digits between.
        and_back(dotted, dots, digits, 1);
        for at in 1..n {
            let before = |k| back(dotted, at, k);
            let longer = before(4) | (back(digits, at, 4) & before(5));
            let other = before(3) | (back(digits, at, 3) & longer);
            out[at] = digits[at] & before(1) & other;
        }
    }

    #[inline(always)]
    fn coloned(&mut self, planes: &Planes, n: usize) {
        let [_, _, a, b, ..] = &mut self.work;
        let (a, b, out) = (&mut a[..n], &mut b[..n], &mut self.colons[..n]);
        let colons = &planes.colons[..n];
        near_back(a, colons, colons);
        near_back(out, colons, a);
        and_back(b, colons, colons, 1);
        merge(out, b);
    }

    /// Sixteen letters and digits of a token, or twelve with a capital among them: base64 of fewer than twelve bytes
    /// that hold a value has one, and hex of so few holds none. The end of a UUID and a time in milliseconds are
    /// neither.
    #[inline(always)]
    fn runs(&mut self, planes: &Planes, n: usize) {
        let [alnum, tokens, a, four, capital, b] = &mut self.work;
        let (alnum, tokens, capital) = (&alnum[..n], &tokens[..n], &mut capital[..n]);
        let (a, b, four) = (&mut a[..n], &mut b[..n], &mut four[..n]);
        let (letters, capitals) = (&planes.letters[..n], &planes.capitals[..n]);
        each3(b, letters, capitals, |letter, capital| letter & capital);
        or_back(a, b, 1);
        or_back(capital, a, 2);
        and_back(a, alnum, alnum, 1);
        and_back(four, a, a, 2);
        and_back(a, four, four, 4);
        let (eight, out) = (&*a, &mut self.runs[..n]);
        for at in 1..n {
            let capital = capital[at] | back(capital, at, 4) | back(capital, at, 8);
            let twelve = back(four, at, 8) & back(tokens, at, 11) & capital;
            let sixteen = back(eight, at, 8) & back(tokens, at, 15);
            out[at] = eight[at] & (twelve | sixteen);
        }
    }

    /// `e` behind five digits and dots; the tenth digit of a token that begins with a zero; and what is
    /// rare as it is.
    #[inline(always)]
    fn odd(&mut self, planes: &Planes, n: usize) {
        let [_, tokens, one, four, zero, two] = &mut self.work;
        let (tokens, zero, one) = (&tokens[..n], &mut zero[..n], &mut one[..n]);
        let (two, four) = (&mut two[..n], &mut four[..n]);
        each3(zero, tokens, &planes.zeros[..n], |start, zero| start & zero);
        let (digits, dots) = (&planes.digits[..n], &planes.dots[..n]);
        each3(one, digits, dots, |digit, dot| digit | dot);
        and_back(two, one, one, 1);
        and_back(four, two, two, 2);
        let (wide, exponents, nines) =
            (&planes.wide[..n], &planes.exponents[..n], &self.nines[..n]);
        let out = &mut self.wide[..n];
        for at in 1..n {
            let exponent = exponents[at] & back(four, at, 1) & back(one, at, 5);
            out[at] = wide[at] | exponent | nines[at] & back(zero, at, 9);
        }
    }
}
