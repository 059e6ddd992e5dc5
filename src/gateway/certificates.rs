//! Certificates change without a restart.
//!
//! Owns: when the files are looked at: every `CERTIFICATES_RELOAD_S`, and at SIGHUP. Refuses: to end
//! sessions that began under the old certificate. Stays true: the disk is read on a thread that may
//! wait for it; a pair that cannot be used leaves the old one in use and a line in the log.

use crate::data_plane::cluster::Cluster;
use crate::limits::CERTIFICATES_RELOAD_S;
use crate::tls::Certificates;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Follows the files of every listener until dropped.
pub async fn follow(clusters: Vec<Arc<Cluster>>) {
    let acceptors = clusters.iter().flat_map(|cluster| &cluster.listeners);
    let all: Vec<_> = acceptors
        .filter_map(|listener| Some(Arc::clone(listener.tls.as_ref()?.certificates())))
        .collect();
    let Ok(mut hangups) = signal(SignalKind::hangup()) else {
        return tracing::error!("signals cannot be received: certificates stay as they are");
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(CERTIFICATES_RELOAD_S)) => {}
            _ = hangups.recv() => tracing::info!("SIGHUP: the certificates are read again"),
        }
        for certificates in all.clone() {
            // a panic in there is the end of that look, not of the gateway
            let _ = tokio::task::spawn_blocking(move || reload(&certificates)).await;
        }
    }
}

fn reload(certificates: &Certificates) {
    let file = certificates.path().display();
    match certificates.reload() {
        Ok(true) => tracing::info!(%file, "new connections get the new certificate"),
        Ok(false) => {}
        Err(fault) => {
            tracing::error!(%file, %fault, "the certificate was not replaced; the old one stays in use")
        }
    }
}
