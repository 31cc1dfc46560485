package import Peer
package import Pieces
package import Tracker

/// A pool, what it is to fetch, and what goes wrong meanwhile.
package struct Scenario: Sendable {
    package var nodes: Int
    /// Bytes per second of each node's links.
    package var upload: Double
    package var download: Double
    /// One way.
    package var latency = Span.milliseconds(1)
    /// The lengths of the blobs of the image.
    package var blobs: [Int64]
    /// Nodes that have everything at the start.
    package var complete: Set<Int> = []
    /// Nodes begin within this time, evenly.
    package var arrival = Span.milliseconds(200)
    package var registryRate = 1e9
    /// Bytes per second that are decompressed and unpacked, in order.
    package var unpackRate = 400e6
    package var racks = 1
    package var hasTracker = true
    package var peer = PeerConfiguration()
    package var tracker = TrackerConfiguration()
    package var seed: UInt64 = 1
    package var limit = Span.seconds(600)
    package var faults: [Fault] = []

    package init(nodes: Int, upload: Double, download: Double, blobs: [Int64]) {
        self.nodes = nodes
        self.upload = upload
        self.download = download
        self.blobs = blobs
        tracker.relearning = .zero
    }

    package enum Trigger: Sendable {
        case at(Span)
        /// When the nodes have so much of all bytes that they want.
        case progress(Double)
    }

    package struct Fault: Sendable {
        package var when: Trigger
        package var what: Kind

        package init(_ when: Trigger, _ what: Kind) {
            self.when = when
            self.what = what
        }

        package static func at(_ time: Double, _ what: Kind) -> Fault { Fault(.at(.seconds(time)), what) }
        package static func progress(_ share: Double, _ what: Kind) -> Fault { Fault(.progress(share), what) }
    }

    package enum Kind: Sendable {
        case kill(Int)
        /// Whoever fetches the first blob from the registry, or did.
        case killSeed
        /// It comes back; with what it had verified, or with nothing.
        case revive(Int, keepsPieces: Bool)
        case stopTracker
        /// A new one, with an empty memory.
        case startTracker
        case stopRegistry
        case startRegistry
        /// The registry refuses this node; `nil` means all.
        case refuse(Int?)
        /// The registry's streams break off after so many pieces each.
        case breakStreams(afterPieces: Int)
        /// So many of the pieces that it sends are spoilt.
        case corrupt(Int, Double)
        /// So many of the pieces that lie on its disk are damaged, which it does not know.
        case damage(Int, Double)
        /// It says that it has everything, and sends rubbish.
        case lie(Int)
        /// Its piece hashes are made up when it is a seed.
        case forge(Int)
        /// Its links carry so many bytes per second each way.
        case throttle(Int, up: Double, down: Double)
        case fillDisk(Int)
        case freeDisk(Int)
    }
}

/// What came of it.
package struct Outcome: Sendable {
    /// Seconds from a node's begin until all its blobs were unpacked; `nil` where they never were.
    package internal(set) var unpacked: [Double?] = []
    /// Seconds from the first begin until the last node that could had everything.
    package internal(set) var slowest = 0.0
    /// Why nodes gave up.
    package internal(set) var failures: [Int: TransferFailure] = [:]
    /// Nodes that were alive at the end and neither had everything nor gave up.
    package internal(set) var stuck: [Int] = []
    /// What those were at.
    package internal(set) var predicaments: [String] = []
    /// Bytes from the registry over the image's.
    package internal(set) var copies = 0.0
    /// How many streams it had to bear at once.
    package internal(set) var mostStreams = 0
    /// Bytes that each node sent to peers.
    package internal(set) var sent: [Double] = []
    package internal(set) var wasted: Int64 = 0
    package internal(set) var wrongPieces = 0
    package internal(set) var bans = 0
    package internal(set) var hedges = 0
    /// Pieces that nodes found damaged on their own disks.
    package internal(set) var damaged = 0
    package internal(set) var messages = 0
    package internal(set) var announcements = 0
    package internal(set) var declined = 0
    package internal(set) var offers = 0
    /// What machines asked for that makes no sense, and whatever must never happen.
    package internal(set) var violations: [String] = []
    package internal(set) var bannedByTracker = 0
    /// Seconds of processor time that the tracker took.
    package internal(set) var trackerSeconds = 0.0
}
