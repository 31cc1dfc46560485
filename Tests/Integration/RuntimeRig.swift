internal import Glibc
internal import JSON
internal import LinuxKernel
internal import TestSupport
internal import Testing

/// `pouch-runtime` with a state folder and a bundle of a test's own.
struct RuntimeRig: Sendable {
    let folder: String
    let runtime: String

    var root: String { "\(folder)/state" }
    var bundlePath: String { "\(folder)/bundle" }

    /// Calls `body` with a rig; every container that it leaves is deleted.
    static func use(_ body: (RuntimeRig) async throws -> Void) async throws {
        try await withScratchDirectory { folder in
            // A container with a user namespace has to find its way to its root filesystem.
            chmod(folder, 0o755)
            let rig = RuntimeRig(folder: folder, runtime: Executables.runtime)
            mkdir(rig.bundlePath, 0o755)
            func deleteAll() async throws {
                let names = try await rig.call("list", "-q").output.split(separator: "\n").map(String.init)
                for name in names { _ = try await rig.call("delete", "--force", name) }
            }
            do { try await body(rig) } catch {
                try await deleteAll()
                throw error
            }
            try await deleteAll()
        }
    }

    /// One command of the runtime.
    func call(_ words: String..., input: String? = "", timeout: Duration = .seconds(60)) async throws -> CommandResult {
        try await call(words, input: input, timeout: timeout)
    }

    func call(_ words: [String], input: String? = "", timeout: Duration = .seconds(60)) async throws -> CommandResult {
        try await TestSupport.run([runtime, "--root", root] + words, input: input, timeout: timeout)
    }

    /// Writes a bundle whose container runs `script` with busybox's shell.
    @discardableResult
    func bundle(_ script: String, _ change: (inout Config) -> Void = { _ in }) throws -> Bundle {
        var bundle = try Bundle(in: bundlePath, running: ["sh", "-c", script])
        var config = Config(bundle.config)
        change(&config)
        bundle.config = config.json
        try bundle.write()
        return bundle
    }

    /// Runs `script` in a container to its end.
    func run(
        _ script: String, _ change: (inout Config) -> Void = { _ in }, flags: [String] = []
    ) async throws -> CommandResult {
        try bundle(script, change)
        return try await call(["run", "--bundle", bundlePath] + flags + [Self.name()])
    }

    /// A name that no other test uses at the same time: groups are the machine's.
    static func name() -> String {
        "test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    }
}

/// A configuration that a test changes by path.
struct Config {
    private(set) var json: JSONValue

    init(_ json: JSONValue) {
        self.json = json
    }

    /// The value at a path such as `linux.resources.pids`; objects on the way are made.
    subscript(path: String) -> JSONValue? {
        get {
            path.split(separator: ".").reduce(json as JSONValue?) { value, key in value?[String(key)] }
        }
        set { json = Self.setting(json, path.split(separator: ".").map(String.init)[...], newValue) }
    }

    private static func setting(_ value: JSONValue, _ path: ArraySlice<String>, _ new: JSONValue?) -> JSONValue {
        guard let key = path.first else { return new ?? .null }
        var object = value.objectValue ?? [:]
        if path.count == 1 {
            object[key] = new
        } else {
            object[key] = setting(object[key] ?? .object([:]), path.dropFirst(), new)
        }
        return .object(object)
    }

    mutating func append(_ new: JSONValue, to path: String) {
        self[path] = .array((self[path]?.arrayValue ?? []) + [new])
    }

    /// Gives the container root in a namespace of 65,536 ids.
    mutating func addUserNamespace(from host: Int64 = 100_000) {
        append(["type": "user"], to: "linux.namespaces")
        let maps: JSONValue = [["containerID": 0, "hostID": .integer(host), "size": 65536]]
        self["linux.uidMappings"] = maps
        self["linux.gidMappings"] = maps
    }

    mutating func grant(_ names: String...) {
        let all = (self["process.capabilities.bounding"]?.arrayValue ?? []) + names.map { .string($0) }
        for set in ["bounding", "effective", "permitted"] { self["process.capabilities.\(set)"] = .array(all) }
    }
}
