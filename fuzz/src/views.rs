//! Values that are spelled or packed otherwise.

use lockgate::chunk::{DetectorId, DetectorSet, Field, Finding, Form, Part};
use lockgate::scan::{self, Engine, Replacement, Scratch};
use std::cell::RefCell;

thread_local! {
    static SCANNER: RefCell<Option<(Engine, Scratch)>> = const { RefCell::new(None) };
}

/// Any bytes as a field: what is found lies in it, twice the same, wherever it stands in a body; edits of what is spelled or
/// packed ascend, do not overlap, and leave alone what was not found.
pub fn views(data: &[u8]) {
    SCANNER.with_borrow_mut(|scanner| {
        let (engine, scratch) = scanner.get_or_insert_with(|| {
            let mut all = DetectorSet::default();
            (0..scan::DETECTORS.len()).for_each(|id| all.insert(DetectorId(id as u8)));
            (Engine::new(all), Scratch::new())
        });
        let (found, unreadable) = find(engine, scratch, data, 0);
        for finding in &found {
            assert!(
                finding.start < finding.end && finding.end as usize <= data.len(),
                "{finding:?}"
            );
        }
        let further = [b"535 ", data, b" 1"].concat();
        let (again, still) = find(engine, scratch, &further[..4 + data.len()], 4);
        let moved = again.iter().map(|f| Finding {
            start: f.start - 4,
            end: f.end - 4,
            ..*f
        });
        assert!(
            moved.eq(found.iter().copied()),
            "{found:?} there, {again:?} here"
        );
        assert_eq!(unreadable, still);
        let edits = engine.rewrite(data, &found, scratch, &mut |text, inner| {
            let edit = |finding: &Finding| {
                let span = finding.start as usize..finding.end as usize;
                let with = vec![b'X'; text[span.clone()].len()];
                Replacement { span, with }
            };
            apart(inner.iter().map(edit))
        });
        hold(data.len(), &found, &edits);
    });
}

fn find(engine: &Engine, scratch: &mut Scratch, body: &[u8], start: usize) -> (Vec<Finding>, bool) {
    let field = Field {
        record: 0,
        part: Part::Value,
        start: start as u32,
        end: body.len() as u32,
    };
    let mut found = Vec::new();
    let unreadable = engine.scan(body, std::iter::once(field), scratch, &mut found);
    (found, unreadable.is_some())
}

/// Those that do not overlap the one before.
fn apart(edits: impl Iterator<Item = Replacement>) -> Vec<Replacement> {
    let mut kept: Vec<Replacement> = Vec::new();
    for edit in edits {
        if kept
            .last()
            .is_none_or(|last| last.span.end <= edit.span.start)
        {
            kept.push(edit);
        }
    }
    kept
}

fn hold(len: usize, found: &[Finding], edits: &[Replacement]) {
    let mut last = 0;
    for edit in edits {
        assert!(
            last <= edit.span.start && edit.span.start <= edit.span.end && edit.span.end <= len,
            "{edit:?}"
        );
        last = edit.span.end;
        let of = |f: &Finding| {
            f.form != Form::Plain
                && (f.start as usize) < edit.span.end
                && edit.span.start < f.end as usize
        };
        assert!(found.iter().any(of), "{edit:?} is of no finding");
    }
    let hidden = found.iter().any(|finding| finding.form != Form::Plain);
    assert_eq!(hidden, !edits.is_empty(), "{found:?} {edits:?}");
}
