//! The memory of the server: every object, one resourceVersion for all, and what changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::object::{Object, finalizers, int, list, text};
use crate::resource::{ALL, Resource};

/// How many changes of a resource are kept for watches and older lists.
const HISTORY: usize = 40_000;

/// Where an object lives: resource, namespace (empty where there is none), name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) resource: Resource,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: Resource, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One change: the object after it (for a deletion its last state, with the deletion's version) and before it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) rv: u64,
    pub(crate) kind: ChangeKind,
    pub(crate) object: Arc<Object>,
    pub(crate) before: Option<Arc<Object>>,
}

/// What a controller is told of a change.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) resource: Resource,
    pub(crate) kind: ChangeKind,
    pub(crate) object: Arc<Object>,
}

#[derive(Default)]
struct Table {
    objects: BTreeMap<(String, String), Arc<Object>>,
    history: VecDeque<Change>,
    /// Changes up to this version are not told any more.
    forgotten: u64,
    /// Changes up to this version are not in the history any more.
    dropped: u64,
}

pub(crate) struct Store {
    rv: u64,
    tables: Vec<Table>,
    owned: HashMap<String, BTreeSet<Key>>,
    notices: mpsc::UnboundedSender<Notice>,
    /// All that ever was, where that is wanted.
    chronicle: Option<Vec<Notice>>,
}

impl Store {
    pub(crate) fn new(notices: mpsc::UnboundedSender<Notice>) -> Self {
        Self {
            rv: 1,
            tables: ALL.iter().map(|_| Table::default()).collect(),
            owned: HashMap::new(),
            notices,
            chronicle: None,
        }
    }

    /// Remembers every change from now on.
    pub(crate) fn keep_chronicle(&mut self) {
        self.chronicle = Some(Vec::new());
    }

    /// Every change since it is kept, oldest first.
    pub(crate) fn chronicle(&self) -> &[Notice] {
        self.chronicle.as_deref().unwrap_or_default()
    }

    /// The resourceVersion of the newest write.
    pub(crate) fn rv(&self) -> u64 {
        self.rv
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.tables[key.resource.index()].objects.get(&(key.namespace.clone(), key.name.clone()))
    }

    /// All objects of a resource, of one namespace or of all, by namespace and name.
    pub(crate) fn all(&self, resource: Resource, namespace: Option<&str>) -> Vec<Arc<Object>> {
        let objects = &self.tables[resource.index()].objects;
        match namespace {
            None => objects.values().cloned().collect(),
            Some(namespace) => objects
                .range((Bound::Included((namespace.to_owned(), String::new())), Bound::Unbounded))
                .take_while(|((of, _), _)| of == namespace)
                .map(|(_, object)| Arc::clone(object))
                .collect(),
        }
    }

    /// All objects as they were at an older version; `None` where that is forgotten.
    pub(crate) fn all_at(&self, resource: Resource, namespace: Option<&str>, rv: u64) -> Option<Vec<Arc<Object>>> {
        if rv < self.tables[resource.index()].forgotten { None } else { self.all_behind(resource, namespace, rv) }
    }

    /// The same, for a server that is behind: it knows what the others have forgotten.
    pub(crate) fn all_behind(&self, resource: Resource, namespace: Option<&str>, rv: u64) -> Option<Vec<Arc<Object>>> {
        let table = &self.tables[resource.index()];
        if rv < table.dropped {
            return None;
        }
        let mut objects: BTreeMap<(String, String), Arc<Object>> = self
            .all(resource, namespace)
            .into_iter()
            .map(|object| ((object.namespace().to_owned(), object.name().to_owned()), object))
            .collect();
        for change in table.history.iter().rev().take_while(|change| change.rv > rv) {
            if namespace.is_some_and(|namespace| namespace != change.object.namespace()) {
                continue;
            }
            let place = (change.object.namespace().to_owned(), change.object.name().to_owned());
            match &change.before {
                Some(before) => objects.insert(place, Arc::clone(before)),
                None => objects.remove(&place),
            };
        }
        Some(objects.into_values().collect())
    }

    /// The changes after `rv`; `Err` with the oldest known version where some are forgotten.
    pub(crate) fn changes_after(&self, resource: Resource, rv: u64, most: usize) -> Result<Vec<Change>, u64> {
        let table = &self.tables[resource.index()];
        if rv < table.forgotten {
            return Err(table.forgotten);
        }
        let from = table.history.partition_point(|change| change.rv <= rv);
        Ok(table.history.range(from..).take(most).cloned().collect())
    }

    /// Forgets all history: older versions are 410 from now on.
    pub(crate) fn compact(&mut self) {
        let rv = self.rv;
        for table in &mut self.tables {
            table.forgotten = rv;
        }
    }

    /// Stores a new object under a new version.
    pub(crate) fn insert(&mut self, key: &Key, value: Value) -> Arc<Object> {
        self.write(key, value, None)
    }

    /// Stores the new state of an object. The same state again is no write, as in Kubernetes. An object that is being
    /// deleted and has lost its last finalizer goes.
    pub(crate) fn replace(&mut self, key: &Key, value: Value) -> Arc<Object> {
        let before = self.get(key).cloned();
        if let Some(before) = &before
            && before.value == value
        {
            return Arc::clone(before);
        }
        let ended = crate::object::deleting(&value)
            && finalizers(&value).is_empty()
            && int(&value, "/metadata/deletionGracePeriodSeconds").unwrap_or_default() == 0;
        let written = self.write(key, value, before);
        if ended { self.remove(key).unwrap_or(written) } else { written }
    }

    /// Changes an object in place; `None` where there is none.
    pub(crate) fn modify(&mut self, key: &Key, change: impl FnOnce(&mut Value)) -> Option<Arc<Object>> {
        let mut value = self.get(key)?.value.clone();
        change(&mut value);
        Some(self.replace(key, value))
    }

    /// Removes an object and returns its last state.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Object>> {
        let before = self.tables[key.resource.index()].objects.remove(&(key.namespace.clone(), key.name.clone()))?;
        self.disown(key, &before.value);
        let object = self.stamped(before.value.clone());
        self.record(
            key,
            Change { rv: object.rv, kind: ChangeKind::Deleted, object: Arc::clone(&object), before: Some(before) },
        );
        Some(object)
    }

    /// The objects whose ownerReferences name this uid.
    pub(crate) fn owned_by(&self, uid: &str) -> Vec<Key> {
        self.owned.get(uid).map(|keys| keys.iter().cloned().collect()).unwrap_or_default()
    }

    fn write(&mut self, key: &Key, value: Value, before: Option<Arc<Object>>) -> Arc<Object> {
        if let Some(before) = &before {
            self.disown(key, &before.value);
        }
        for owner in list(&value, "/metadata/ownerReferences") {
            self.owned.entry(text(owner, "/uid").to_owned()).or_default().insert(key.clone());
        }
        let object = self.stamped(value);
        let place = (key.namespace.clone(), key.name.clone());
        self.tables[key.resource.index()].objects.insert(place, Arc::clone(&object));
        let kind = if before.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.record(key, Change { rv: object.rv, kind, object: Arc::clone(&object), before });
        object
    }

    fn stamped(&mut self, mut value: Value) -> Arc<Object> {
        self.rv += 1;
        crate::object::map(&mut value, "metadata").insert("resourceVersion".to_owned(), self.rv.to_string().into());
        Arc::new(Object::new(value, self.rv))
    }

    fn disown(&mut self, key: &Key, value: &Value) {
        for owner in list(value, "/metadata/ownerReferences") {
            let uid = text(owner, "/uid");
            if let Some(keys) = self.owned.get_mut(uid) {
                keys.remove(key);
                if keys.is_empty() {
                    self.owned.remove(uid);
                }
            }
        }
    }

    fn record(&mut self, key: &Key, change: Change) {
        // Nobody listens once the server stops.
        let notice = Notice { resource: key.resource, kind: change.kind, object: Arc::clone(&change.object) };
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.push(notice.clone());
        }
        let _ = self.notices.send(notice);
        let table = &mut self.tables[key.resource.index()];
        table.history.push_back(change);
        if table.history.len() > HISTORY
            && let Some(gone) = table.history.pop_front()
        {
            table.dropped = gone.rv;
            table.forgotten = table.forgotten.max(gone.rv);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(name: &str, data: i32) -> (Key, Value) {
        (
            Key::new(Resource::ConfigMaps, "ns", name),
            json!({"metadata": {"name": name, "namespace": "ns"}, "data": data}),
        )
    }

    fn names(objects: &[Arc<Object>]) -> Vec<String> {
        objects.iter().map(|object| format!("{}={}", object.name(), object.value["data"])).collect()
    }

    #[test]
    fn an_older_list_is_what_it_was() {
        let mut store = Store::new(mpsc::unbounded_channel().0);
        let (a, value) = named("a", 1);
        store.insert(&a, value);
        let then = store.rv();
        store.modify(&a, |value| value["data"] = json!(2));
        let (b, value) = named("b", 1);
        store.insert(&b, value);
        store.remove(&a);
        assert_eq!(names(&store.all(Resource::ConfigMaps, Some("ns"))), ["b=1"]);
        assert_eq!(names(&store.all_at(Resource::ConfigMaps, Some("ns"), then).unwrap()), ["a=1"]);
        assert_eq!(names(&store.all_at(Resource::ConfigMaps, Some("ns"), then + 2).unwrap()), ["a=2", "b=1"]);
        assert_eq!(store.changes_after(Resource::ConfigMaps, then, 10).unwrap().len(), 3);
        store.compact();
        assert!(store.all_at(Resource::ConfigMaps, Some("ns"), then).is_none());
        assert_eq!(names(&store.all_behind(Resource::ConfigMaps, Some("ns"), then).unwrap()), ["a=1"]);
        assert_eq!(store.changes_after(Resource::ConfigMaps, then, 10).unwrap_err(), store.rv());
    }

    #[test]
    fn the_same_state_again_is_no_write() {
        let mut store = Store::new(mpsc::unbounded_channel().0);
        let (a, value) = named("a", 1);
        let first = store.insert(&a, value).rv;
        assert_eq!(store.modify(&a, |_| ()).unwrap().rv, first);
    }

    #[test]
    fn the_last_finalizer_ends_a_deleted_object() {
        let mut store = Store::new(mpsc::unbounded_channel().0);
        let (a, mut value) = named("a", 1);
        value["metadata"]["finalizers"] = json!(["keruta.dev/x"]);
        value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        store.insert(&a, value);
        store.modify(&a, |value| crate::object::set_finalizers(value, &[]));
        assert!(store.get(&a).is_none());
    }
}
