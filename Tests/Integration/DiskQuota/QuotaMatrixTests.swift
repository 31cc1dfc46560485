import LinuxKernel
import TestSupport
import Testing

/// The table of ARCHITECTURE.md that says what each driver can do.
struct QuotaMatrix {
    /// Row and driver to what stands there.
    private var cells: [String: [String: String]] = [:]

    init() throws {
        // Tests/Integration/DiskQuota/ lies three folders below the root.
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let text = String(decoding: try WholeFile.read("/\(root)/ARCHITECTURE.md"), as: UTF8.self)
        var drivers: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                String($0).trimmingBlanks
            }
            if words.count == 4, words[0].isEmpty, words[1].hasPrefix("project") {
                drivers = ["project", "btrfs", "loop"]
            } else if drivers.isEmpty || words.count != 4 {
                drivers = []
            } else if !words[0].hasPrefix("-") {
                cells[words[0]] = Dictionary(uniqueKeysWithValues: zip(drivers, words.dropFirst()))
            }
        }
    }

    var rows: Set<String> { Set(cells.keys) }

    func cell(_ row: String, _ driver: String) throws -> String {
        try #require(cells[row]?[driver], "ARCHITECTURE.md has no row \(row) for \(driver)")
    }

    /// Whether the table says that it can be done.
    func allows(_ row: String, _ driver: String) throws -> Bool {
        let cell = try cell(row, driver)
        let isRefused = cell.hasPrefix("refused") || cell == "a subvolume's root only" || cell.hasPrefix("no:")
        let isAllowed = ["yes", "in place", "what it wrote moves", "at create"].contains { cell.hasPrefix($0) }
        try #require(isRefused != isAllowed, "\(row), \(driver): what does \"\(cell)\" mean?")
        return isAllowed
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var rest = Substring(self)
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

/// Does with one driver what the table's rows say, and compares.
struct QuotaMatrixRun {
    let matrix: QuotaMatrix
    let disk: Disk
    let daemon: Daemon
    private var driver: String { disk.driver }

    private func make(_ words: String...) async throws -> CommandResult {
        try await daemon.pouch(["create", "--network", "none"] + words + ["busybox", "sleep", "600"])
    }

    private func update(_ name: String, _ quota: String) async throws -> CommandResult {
        try await daemon.pouch("update", "--disk-quota", quota, name)
    }

    private func check(_ row: String, _ results: CommandResult...) throws {
        let isAllowed = try matrix.allows(row, driver)
        for result in results {
            #expect((result.status == 0) == isAllowed, "\(row), \(disk): \(result)")
            // What cannot be done is refused in words that help.
            #expect(isAllowed || result.errors.count > 40, "\(row), \(disk): \(result)")
        }
    }

    func everything() async throws {
        try await creation()
        try await stopped()
        try await running()
        try await past()
        let names = try await daemon.pouch("ps", "-aq").output.split(separator: "\n").map(String.init)
        _ = try await daemon.pouch(["rm", "-f", "-v"] + names)
    }

    /// Whether the daemon, which has what we have, may let a filesystem grow that is in use: CAP_SYS_RESOURCE, the 24th.
    private static var mayGrow: Bool {
        let status = (try? WholeFile.read("/proc/self/status")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        return line.flatMap { UInt64($0.dropFirst(7).drop { $0 == "\t" }, radix: 16) }.map { $0 & 1 << 24 != 0 }
            ?? false
    }

    private func creation() async throws {
        var made: [CommandResult] = []
        for quota in ["20m", "/=20m", "/&/a=20m", ".*=20m"] {
            made.append(try await make("-v", "/a", "--disk-quota", quota))
        }
        for result in made { try check("`10g` `/&/x` `.*` `/=` at create", result) }
        let folder = "\(daemon.folder)/bound"
        _ = try await run(["mkdir", folder])
        try check("binds and volumes that were there", try await make("-v", "\(folder):/b", "--disk-quota", "20m"))
        try check("`inodes=`", try await make("--disk-quota", "20m,inodes=1000"))
        // What shares one limit cannot be taken apart.
        let grouped = try await make("--name", "grouped", "-v", "/a", "--disk-quota", "20m")
        #expect(grouped.status == 0)
        try check("other grouping, afterwards", try await update("grouped", "/=20m"))
    }

    private func stopped() async throws {
        _ = try await make("--name", "idle")
        try check("first limit, stopped container", try await update("idle", "20m"))
        try check("larger, stopped", try await update("idle", "40m"))
        try check("smaller, stopped", try await update("idle", "24m"))
        _ = try await daemon.pouch("start", "idle")
        _ = try await daemon.pouch("exec", "idle", "sh", "-c", "dd if=/dev/zero of=/x bs=1M count=12 conv=fsync; sync")
        _ = try await daemon.pouch("stop", "-t", "0", "idle")
        let tooSmall = try await update("idle", "8m")
        #expect(tooSmall.status != 0 && tooSmall.errors.contains("written already"), "\(disk): \(tooSmall)")
    }

    private func running() async throws {
        for (name, flags) in [("free", []), ("held", ["--disk-quota", "20m"])] {
            let words = ["run", "-d", "--network", "none", "--name", name] + flags + ["busybox", "sleep", "600"]
            #expect(try await daemon.pouch(words).status == 0)
        }
        try check("first limit, running container", try await update("free", "20m"))
        let grown = try await update("held", "40m")
        let lacks = try matrix.cell("larger, running", driver).contains("with CAP_SYS_RESOURCE") && !Self.mayGrow
        if lacks {
            #expect(grown.status != 0 && grown.errors.contains("CAP_SYS_RESOURCE"), "\(disk): \(grown)")
        } else {
            try check("larger, running", grown)
        }
        let shown = try await daemon.pouch("exec", "held", "sh", "-c", "df -k / | awk 'END{print $2}'").trimmed
        #expect(
            (shown == (lacks ? "20480" : "40960")) == (try matrix.allows("`df` shows it", driver)), "\(disk): \(shown)")
        try check("smaller, running", try await update("held", lacks ? "16m" : "24m"))
    }

    private func past() async throws {
        let words = ["run", "--rm", "--network", "none", "--disk-quota", "20m", "busybox", "sh", "-c"]
        let full = try await daemon.pouch(words + ["dd if=/dev/zero of=/x bs=1M count=40 conv=fsync"])
        let said =
            full.errors.contains("quota exceeded")
            ? "EDQUOT" : full.errors.contains("No space left") ? "ENOSPC" : "nothing"
        let cell = try matrix.cell("past it", driver)
        let wanted =
            switch disk {
            case .ext4Project: cell.split(separator: " ").first.map(String.init)
            case .xfsProject: cell.split(separator: " ").dropFirst(2).first.map(String.init)
            case .plain, .btrfs: cell
            }
        #expect(said == wanted && full.status != 0, "\(disk): \(full)")
        let privileged = try await daemon.pouch(
            "run", "--rm", "--privileged", "--network", "none", "--disk-quota", "20m", "busybox", "true")
        let holds = try matrix.cell("not held by", driver) == "-" || disk == .xfsProject
        #expect(privileged.errors.contains("CAP_SYS_RESOURCE") == !holds, "\(disk): \(privileged)")
    }
}

extension DiskQuotaTests {
    @Test("what ARCHITECTURE.md says of each driver is so", arguments: [Disk.plain, .btrfs])
    func matrix(disk: Disk) async throws {
        try await Self.quotaDaemon(disk) { daemon in
            try await QuotaMatrixRun(matrix: QuotaMatrix(), disk: disk, daemon: daemon).everything()
        }
    }
}

extension ProjectQuotaTests {
    @Test("what ARCHITECTURE.md says of project quota is so", arguments: [Disk.ext4Project, .xfsProject])
    func matrix(disk: Disk) async throws {
        try await DiskQuotaTests.quotaDaemon(disk) { daemon in
            try await QuotaMatrixRun(matrix: QuotaMatrix(), disk: disk, daemon: daemon).everything()
        }
    }
}
