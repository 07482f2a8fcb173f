//! The scheduler and the kubelet.
use std::sync::Arc;
use crate::cluster::Cluster;
use crate::store::{Key,Notice};
pub(crate) const NODE: &str = "lab";
pub(crate) struct PodControl;
impl PodControl { pub(crate) fn node_lost(&self) -> bool { false } }
pub(crate) struct Kubelet;
impl Kubelet { pub(crate) fn new(_:Arc<Cluster>)->Self{Self} pub(crate) fn notice(&mut self,_:&Notice){} }
pub(crate) fn disrupt(_:&Cluster,_:&Key,_:crate::life::DisruptionKind){}
