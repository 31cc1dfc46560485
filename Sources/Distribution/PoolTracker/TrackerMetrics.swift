internal import HTTPKit
internal import Tracker

/// What a tracker counts; names are documented in `Specs/metrics.md`.
struct TrackerMetrics: Sendable {
    let registry = MetricsRegistry()

    func countAnnouncement() {
        registry.count("pouch_tracker_announcements_total", help: "What nodes told of a blob.")
    }

    func countQuestion() {
        registry.count(
            "pouch_tracker_access_questions_total", help: "Times that a registry was asked whether it gives a blob.")
    }

    func count(_ note: TrackerNote) {
        let word =
            switch note {
            case .seedElected: "seed elected"
            case .seedLost: "seed lost"
            case .banned: "node banned"
            case .stalled: "nothing moves"
            }
        registry.count(
            "pouch_tracker_notes_total", help: "What an operator may ask about.", labels: [("what", word)])
    }

    func measure(_ desk: PrewarmDesk, _ documents: DocumentDesk, _ transfers: TransferBook) {
        for word in ["waiting", "running", "done", "failed", "timed out", "cancelled"] {
            registry.gauge(
                "pouch_prewarm_nodes", help: "Nodes of the prewarms that are remembered.", labels: [("state", word)]
            ) { Double(desk.count(word)) }
        }
        registry.gauge("pouch_tracker_documents_from_memory", help: "Manifests and indexes that were in memory.") {
            Double(documents.counts.hits)
        }
        registry.gauge("pouch_tracker_documents_fetched", help: "Manifests and indexes that came from registries.") {
            Double(documents.counts.fetched)
        }
        registry.gauge(
            "pouch_pool_transferred_bytes", help: "Bytes of whole blobs by source.", labels: [("from", "registry")]
        ) {
            Double(transfers.totals.origin)
        }
        registry.gauge(
            "pouch_pool_transferred_bytes", help: "Bytes of whole blobs by source.", labels: [("from", "nodes")]
        ) {
            Double(transfers.totals.peers)
        }
    }
}
