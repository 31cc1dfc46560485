import LinuxKernel
import TestSupport

/// The same spread by libtorrent: one seed and eight peers that all know each other.
struct Torrents {
    private let folder: String
    private let python: String
    private let size: Int
    private static let nodes = 9

    init(in folder: String, python: String, size: Int) {
        self.folder = folder
        self.python = python
        self.size = size
    }

    /// Seconds until the slowest had everything, and bytes of content that the seed sent.
    func run() async throws -> (slowest: Double, sent: Double) {
        try WholeFile.replace("\(folder)/peer.py", with: Array(Self.script.utf8))
        let spaces = try await Spaces(Self.nodes)
        try await spaces.shape(up: 40, down: nil)
        let made = try await TestSupport.run([python, "\(folder)/peer.py", "make", folder, "\(size)"])
        guard made.status == 0 else { throw BenchError(description: "libtorrent: \(made)") }
        var peers: [RunningCommand] = []
        for number in 0..<Self.nodes {
            peers.append(
                try RunningCommand(
                    Spaces.prefix(of: number) + [
                        python, "\(folder)/peer.py", number == 0 ? "seed" : "peer", folder, "\(number)",
                    ]))
        }
        let started = peers
        let results = try await withThrowingTaskGroup(of: (Int, CommandResult).self) { group in
            for (number, peer) in started.enumerated() where number > 0 {
                group.addTask { (number, await withThread { peer.finish(timeout: .seconds(600)) }) }
            }
            var all: [CommandResult] = []
            for try await (_, result) in group { all.append(result) }
            return all
        }
        started[0].signal(15)
        let seed = await withThread { started[0].finish(timeout: .seconds(20)) }
        let times = results.compactMap { Double($0.trimmed) }
        guard times.count == Self.nodes - 1, let slowest = times.max(), let sent = Double(seed.trimmed) else {
            throw BenchError(description: "libtorrent: \(results) \(seed)")
        }
        return (slowest, sent)
    }

    /// Each waits until all listen; then every peer calls all others, and prints when it has everything.
    private static let script = """
        import glob, libtorrent as lt, os, signal, sys, time
        role, folder = sys.argv[1], sys.argv[2]
        if role == "make":
            os.makedirs(folder + "/0")
            with open(folder + "/0/file", "wb") as file: file.write(os.urandom(int(sys.argv[3])))
            storage = lt.file_storage()
            lt.add_files(storage, folder + "/0/file")
            torrent = lt.create_torrent(storage, 1 << 20)
            lt.set_piece_hashes(torrent, folder + "/0")
            with open(folder + "/torrent", "wb") as file: file.write(lt.bencode(torrent.generate()))
            sys.exit()
        number = int(sys.argv[3])
        place = "%s/%d" % (folder, number)
        os.makedirs(place, exist_ok=True)
        session = lt.session({
            "listen_interfaces": "10.213.78.%d:6881" % (11 + number), "enable_dht": False, "enable_lsd": False,
            "enable_upnp": False, "enable_natpmp": False, "unchoke_slots_limit": 8,
            "allow_multiple_connections_per_ip": True})
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(folder + "/torrent")
        parameters.save_path = place
        if role == "seed": parameters.flags |= lt.torrent_flags.seed_mode
        handle = session.add_torrent(parameters)
        open("%s/ready-%d" % (folder, number), "w").close()
        while len(glob.glob(folder + "/ready-*")) < 9: time.sleep(0.02)
        began = time.time()
        for other in range(9):
            if other != number: handle.connect_peer(("10.213.78.%d" % (11 + other), 6881))
        def leave(*_):
            print(handle.status().total_payload_upload)
            sys.stdout.flush()
            os._exit(0)
        if role == "seed":
            signal.signal(signal.SIGTERM, leave)
            while True: time.sleep(0.1)
        while not handle.status().is_seeding: time.sleep(0.05)
        print(time.time() - began)
        sys.stdout.flush()
        open("%s/done-%d" % (folder, number), "w").close()
        while len(glob.glob(folder + "/done-*")) < 8: time.sleep(0.1)
        os._exit(0)

        """
}
