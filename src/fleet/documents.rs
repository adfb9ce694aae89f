//! A unit's documents take the place of those that it had: **list, publish, take back**. The list names what the unit
//! has ever had and what it is about to have, so that nothing can lie in the object store of which no list knows,
//! wherever a process dies and however late an attempt comes that somebody else has overtaken. A document that the
//! unit no longer has goes, or, where several dates write it, becomes that of the latest date which still has it.
//! Ends the same when it is done again.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::compute::{Made, Trouble, known, make};
use super::engine::Engine;
use super::ports::{ObjectError, Retraction};
use crate::flow::{
    Date, Document, DocumentPath, Failure, Keep, Lane, Listing, Outcome, Permanent, Processor, Transient,
    Unit,
};

/// How many lists are read at a time, where somebody looks for a date that has a document.
const LISTS_AT_A_TIME: usize = 16;

/// How often the dates that have a document are looked for anew because others have changed them meanwhile.
const LOOKS_MAX: usize = 32;

/// Makes these the unit's documents, and none but these.
pub(super) async fn replace(engine: &Engine, unit: Unit, documents: Vec<Document>) -> Result<(), Trouble> {
    let objects = &engine.ports.objects;
    let has = Listing::of(&documents);
    let listed = objects.list(unit, has.clone()).await?;
    if !documents.is_empty() {
        let published = objects.publish(unit.date, documents).await?;
        tracing::debug!(%unit, ?published, "published");
    }
    let gone: Vec<(DocumentPath, Keep)> =
        listed.without(&has).map(|(path, keep)| (path.clone(), keep)).collect();
    if gone.is_empty() { Ok(()) } else { take_back(engine, unit, &gone).await }
}

/// Takes these documents of the unit back. Dates that come to have one of them, or no longer have it, are at work at
/// the same time: each has listed it before it looked at what is there. So it is enough to look for the heirs again
/// when they are in place, until they are the same.
async fn take_back(engine: &Engine, unit: Unit, gone: &[(DocumentPath, Keep)]) -> Result<(), Trouble> {
    let shared: Vec<&DocumentPath> =
        gone.iter().filter(|(_, keep)| *keep == Keep::Latest).map(|(path, _)| path).collect();
    let mut heirs = heirs(engine, unit, &shared).await?;
    for _ in 0..LOOKS_MAX {
        for (path, keep) in gone {
            let heir = heirs.get(path).cloned();
            tracing::debug!(%unit, %path, heir = ?heir.as_ref().map(|(date, _)| date), "taken back");
            let retraction = Retraction { path: path.clone(), keep: *keep, as_of: unit.date, heir };
            engine.ports.objects.retract(retraction).await?;
        }
        let now = self::heirs(engine, unit, &shared).await?;
        if now == heirs {
            return Ok(());
        }
        heirs = now;
    }
    let message = format!("{unit}: other dates change whose documents are taken back, again and again");
    Err(Transient { code: "documents_contended", message }.into())
}

/// Of each document the latest date other than the unit's that has it, with what that date says; no entry where
/// none has it.
async fn heirs(
    engine: &Engine,
    unit: Unit,
    paths: &[&DocumentPath],
) -> Result<BTreeMap<DocumentPath, (Date, Document)>, Trouble> {
    let mut found = BTreeMap::new();
    let mut sought = paths.to_vec();
    let others = (0..engine.calendar.len()).rev().map(|at| engine.unit(unit.dataset, at));
    let listed = others
        .filter(|other| *other != unit)
        .map(|other| async move { Ok::<_, ObjectError>((other, engine.ports.objects.listed(other).await?)) });
    let mut listed = std::pin::pin!(stream::iter(listed).buffered(LISTS_AT_A_TIME));
    while !sought.is_empty() {
        let Some((other, listing)) = listed.try_next().await? else { break };
        if !sought.iter().any(|path| listing.has(path)) {
            continue;
        }
        for document in documents_of(engine, other).await? {
            if document.keep == Keep::Latest && sought.contains(&&document.path) {
                sought.retain(|path| **path != document.path);
                found.insert(document.path.clone(), (other.date, document));
            }
        }
    }
    Ok(found)
}

/// What a unit's documents are by what it reads now: none where the ledger says that the unit has nothing, as an
/// accepted gap has, although some could be made.
pub(super) async fn of(
    engine: &Engine,
    processor: &Processor,
    at: usize,
    lane: Lane,
) -> Result<Vec<Document>, Trouble> {
    let known = {
        let catalog = engine.catalog();
        let record = catalog.get(processor.writes, at);
        if record.is_some_and(|record| matches!(record.outcome, Outcome::Skipped(_))) {
            return Ok(Vec::new());
        }
        known(engine, &catalog, processor, at)
    };
    match make(engine, processor, at, lane, &known).await? {
        Made::Documents(documents) => Ok(documents),
        Made::Computed(_) | Made::Landed { .. } => Ok(Vec::new()),
    }
}

/// The documents of a unit that may be an heir; none where it is not complete and cannot be made.
async fn documents_of(engine: &Engine, unit: Unit) -> Result<Vec<Document>, Trouble> {
    engine.refresh_catalog().await?;
    let (Some(processor), Some(at)) =
        (engine.cascade.processor(unit.dataset), engine.calendar.index_of(unit.date))
    else {
        let message = format!("{unit} is no unit of the cascade");
        return Err(Permanent::new("declaration_broken", message).into());
    };
    let is_complete = engine.catalog().get(unit.dataset, at).is_some();
    match of(engine, processor, at, Lane::Backfill).await {
        Ok(documents) => Ok(documents),
        // It has yet to be made, the first time or from what it reads by now, and looks then at what is there.
        Err(_) if !is_complete => Ok(Vec::new()),
        Err(Trouble::Failure(Failure::Permanent(_))) => Ok(Vec::new()),
        Err(Trouble::InputLost(input, reason)) => Err(Trouble::HeirLost { heir: unit, input, reason }),
        Err(trouble @ (Trouble::Failure(_) | Trouble::HeirLost { .. })) => Err(trouble),
    }
}
