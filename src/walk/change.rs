//! One record, written anew with some of its values hidden.
//!
//! Owns: which value each edit of its text means, and what a value becomes that cannot hold what the mask
//! made of it: nothing. Refuses: to write bytes by itself (`schema::avro`, `schema::protobuf`). Stays true:
//! no value that an edit touches stays as it was.

use super::lexicon::{Format, Lexicon};
use super::plan::MaskFault;
use super::{Told, Walker};
use crate::scan::mask::Edit as TextEdit;
use crate::schema::edit::{Edit, EditFault, With};
use crate::schema::rendition::{Nature, Piece, changed};
use crate::schema::{avro, protobuf};
use std::ops::Range;

/// A record that is to be changed.
pub(super) struct Change<'c> {
    pub(super) walker: &'c Walker,
    pub(super) told: &'c Told,
    pub(super) lexicon: &'c Lexicon<'c>,
    pub(super) body: &'c [u8],
}

/// A value's new content. Spans are the payload's.
struct New {
    span: Range<usize>,
    nature: Nature,
    /// Its new text as it stands in JSON; none where nothing may stay of it.
    text: Option<Vec<u8>>,
}

impl Change<'_> {
    /// The payload with these edits of its text and these of its bytes.
    pub(super) fn made(
        &self,
        texts: &[TextEdit<'_>],
        lying: &[TextEdit<'_>],
    ) -> Result<Vec<u8>, MaskFault> {
        let start = self.told.payload as usize;
        let payload = self.body.get(start..self.told.field.end as usize);
        let mut payload = payload.unwrap_or_default().to_vec();
        let mut news = self.of_texts(texts);
        for edit in lying {
            let span = edit.start.saturating_sub(start)..edit.end.saturating_sub(start);
            match payload.get_mut(span.clone()) {
                Some(old) if old.len() == edit.with.len() => old.copy_from_slice(edit.with),
                _ => self.of_bytes(&span, edit.with, &mut news),
            }
        }
        news.sort_by_key(|new| new.span.start);
        self.write(&payload, &news)
    }

    /// The values that edits of the text touch.
    fn of_texts(&self, edits: &[TextEdit<'_>]) -> Vec<New> {
        let span = self.told.text.start..self.told.text.end;
        let (mut news, mut rest) = (Vec::new(), edits);
        for piece in self.walker.rendition.pieces_in(&span) {
            let (start, end) = (piece.text.start as usize, piece.text.end as usize);
            let before = |edit: &TextEdit<'_>| edit.end <= start && edit.start < start;
            rest = rest.get(rest.partition_point(before)..).unwrap_or_default();
            let count = rest.partition_point(|edit| edit.start < end);
            let mine = rest.get(..count).unwrap_or_default();
            let span = self.span(piece);
            if span.is_empty() {
                continue; // there is nothing in it to hide
            }
            if let Some(text) = self.new_text(piece, mine) {
                news.push(New {
                    span,
                    nature: piece.nature,
                    text,
                });
            }
        }
        news
    }

    fn span(&self, piece: &Piece) -> Range<usize> {
        let base = self.told.payload;
        (piece.bytes.start - base) as usize..(piece.bytes.end - base) as usize
    }

    /// What a piece's text becomes; the outer none: it stays.
    fn new_text(&self, piece: &Piece, edits: &[TextEdit<'_>]) -> Option<Option<Vec<u8>>> {
        let (start, end) = (piece.text.start as usize, piece.text.end as usize);
        let old = self.walker.text().get(start..end)?;
        let (mut new, mut at) = (Vec::with_capacity(old.len()), start);
        for edit in edits {
            if edit.keeps_length() && edit.start <= start && end <= edit.end {
                // Of an edit over many values, the part that is over this one.
                let with = edit.with.get(start - edit.start..end - edit.start)?;
                return (with != old).then(|| Some(with.to_vec()));
            }
            if edit.start < at || end < edit.end {
                return Some(None); // its member or element goes
            }
            new.extend_from_slice(self.walker.text().get(at..edit.start)?);
            new.extend_from_slice(edit.with);
            at = edit.end;
        }
        new.extend_from_slice(self.walker.text().get(at..end)?);
        (new != old).then_some(Some(new))
    }

    /// Values of bytes that an edit touches which changes their length.
    fn of_bytes(&self, span: &Range<usize>, with: &[u8], news: &mut Vec<New>) {
        let base = self.told.payload;
        let opaque = self.walker.rendition.opaque();
        for place in opaque.get(self.told.opaque.clone()).unwrap_or_default() {
            let place = (place.start - base) as usize..(place.end - base) as usize;
            if place.start < span.end && span.start < place.end {
                // Bytes that are no text read as the edit has them where it has all of them.
                let whole = place == *span && !with.contains(&b'\\');
                news.push(New {
                    span: place,
                    nature: Nature::Text,
                    text: whole.then(|| with.to_vec()),
                });
            }
        }
    }

    /// The payload with these values. What does not fit its type is left empty.
    fn write(&self, payload: &[u8], news: &[New]) -> Result<Vec<u8>, MaskFault> {
        let mut contents: Vec<Vec<u8>> = news.iter().map(|_| Vec::new()).collect();
        let mut edits: Vec<Edit<'_>> = news
            .iter()
            .zip(&mut contents)
            .map(|(new, content)| Edit {
                span: new.span.clone(),
                with: match &new.text {
                    Some(text) => changed(new.nature, text, content),
                    None => With::Nothing,
                },
            })
            .collect();
        let mut made = self.replace(payload, &edits);
        if let Err(EditFault::Unfit { .. }) = made {
            let numbers = edits.iter_mut().zip(news);
            let numbers = numbers.filter(|(_, new)| new.nature != Nature::Text);
            numbers.for_each(|(edit, _)| edit.with = With::Nothing);
            made = self.replace(payload, &edits);
        }
        if let Err(EditFault::Unfit { .. }) = made {
            edits.iter_mut().for_each(|edit| edit.with = With::Nothing);
            made = self.replace(payload, &edits);
        }
        Ok(made?)
    }

    fn replace(&self, payload: &[u8], edits: &[Edit<'_>]) -> Result<Vec<u8>, EditFault> {
        match self.lexicon.format(self.told.by) {
            Some(Format::Avro(schema)) => {
                avro::replace(schema, payload, edits, &mut avro::Scratch::default())
            }
            Some(Format::Protobuf(schema)) => {
                protobuf::replace(schema, payload, edits, &mut protobuf::Scratch::default())
            }
            None => Err(EditFault::NoSuchLeaf { at: 0 }),
        }
    }
}
