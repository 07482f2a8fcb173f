//! The Job controller.
use std::sync::Arc;
use crate::cluster::Cluster;
use crate::store::Notice;
pub(crate) struct Jobs;
impl Jobs { pub(crate) fn start(_:&Arc<Cluster>)->Self{Self} pub(crate) fn notice(&self,_:&Notice){} }
