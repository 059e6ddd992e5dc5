//! A field that was read and turned out to be a leaf.
//!
//! Owns: what its type makes of its bytes. Refuses: to look around. Stays true: a number is given only
//! when it is exact.

use super::fields::{RawField, Wire};
use super::leaf::{Kind, scalar_kind};
use super::table::Scalar;
use crate::schema::varint;

/// A leaf that has no place in the walk yet.
pub(super) struct Found {
    pub kind: Kind,
    pub number: Option<i64>,
    pub keeps_length: bool,
    pub scalar: Option<Scalar>,
    pub removable: bool,
    pub raw: RawField,
}

/// One with a length in front.
pub(super) fn sized(raw: RawField, kind: Kind, removable: bool) -> Found {
    Found {
        kind,
        number: None,
        keeps_length: false,
        scalar: None,
        removable,
        raw,
    }
}

/// One whose length is not written.
pub(super) fn scalar(raw: RawField, scalar: Scalar, removable: bool) -> Found {
    let value = raw.value;
    let number = match scalar {
        Scalar::Double => whole(f64::from_bits(value)),
        Scalar::Float => whole(f32::from_bits(value as u32).into()),
        Scalar::Int64 | Scalar::Sfixed64 => Some(value as i64),
        Scalar::Int32 | Scalar::Enum | Scalar::Sfixed32 => Some((value as i32).into()),
        Scalar::Uint32 | Scalar::Fixed32 => Some((value as u32).into()),
        Scalar::Sint32 => Some((varint::unzigzag(value) as i32).into()),
        Scalar::Sint64 => Some(varint::unzigzag(value)),
        Scalar::Uint64 | Scalar::Fixed64 | Scalar::Boolean => i64::try_from(value).ok(),
    };
    Found {
        number,
        scalar: Some(scalar),
        ..sized(raw, scalar_kind(scalar), removable)
    }
}

/// A fraction that is a whole number, exactly.
pub(super) fn whole(value: f64) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0; // 2^53
    (value.trunc() == value && value.abs() < EXACT_MAX).then_some(value as i64)
}

/// How it is laid out.
pub(super) fn wire_of(scalar: Scalar) -> Wire {
    match scalar {
        Scalar::Double | Scalar::Fixed64 | Scalar::Sfixed64 => Wire::Fixed64,
        Scalar::Float | Scalar::Fixed32 | Scalar::Sfixed32 => Wire::Fixed32,
        _ => Wire::Varint,
    }
}
