internal import ArgumentParser
internal import ClusterModel
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import PoolClient
internal import Units

/// Files of objects, as `-f` names them.
struct Files: ParsableArguments {
    @Option(name: .shortAndLong, help: "A file of objects in YAML or JSON (repeatable); - is standard input.")
    var filename: [String] = []

    /// Every object of the files with its kind and where it belongs.
    func objects(_ namespace: String) throws -> [(object: JSONValue, kind: ResourceKind, namespace: String)] {
        var found: [(JSONValue, ResourceKind, String)] = []
        for name in filename {
            let path = name == "-" ? "/dev/stdin" : name
            let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
            for document in try YAMLDocuments.read(text, name: name) {
                let items = document["kind"] == "List" ? document["items"]?.arrayValue ?? [] : [document]
                for item in items {
                    let view = PodObject(item)
                    let version = view.field["apiVersion"].text ?? ""
                    guard let kind = Catalog.kind(apiVersion: version, kind: view.kind) else {
                        throw ManifestError(name, "\(version) \(view.kind): the pool has no such kind")
                    }
                    guard !view.name.isEmpty else { throw ManifestError("\(name): metadata.name", "it is missing") }
                    found.append((item, kind, view.namespace.isEmpty ? namespace : view.namespace))
                }
            }
        }
        return found
    }
}

struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make the pool what files say.")

    @OptionGroup var connection: Connection
    @OptionGroup var files: Files

    func validate() throws {
        guard !files.filename.isEmpty else { throw ValidationError("name a file with -f") }
    }

    func run() async throws {
        try await Say.reporting {
            let client = try connection.client()
            try await Say.each(try files.objects(connection.home())) { object, kind, namespace in
                let name = PodObject(object).name
                let path = kind.path(namespace: namespace, name: name)
                Say.line("\(kind.spelled)/\(name) \(try await apply(object, at: path, kind, namespace, client))")
            }
        }
    }

    private func apply(
        _ object: JSONValue, at path: String, _ kind: ResourceKind, _ namespace: String, _ client: PoolClient
    ) async throws(PoolError) -> String {
        let there: JSONValue
        do throws(PoolError) { there = try await client.get(path) } catch {
            guard error.isNotFound else { throw error }
            try await client.create(AppliedPatch.remembering(object), in: kind.path(namespace: namespace))
            return "created"
        }
        guard let patch = AppliedPatch.patch(object, over: there) else { return "unchanged" }
        try await client.patch(path, patch, kind: kind.group == "pouch.io" ? .merge : .strategic)
        return "configured"
    }
}

struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Delete objects and wait until they are gone.")

    @OptionGroup var connection: Connection
    @OptionGroup var files: Files
    @Option(help: "Seconds that pods get to end.") var gracePeriod: Int?
    @Flag(inversion: .prefixedNo, help: "Wait until they are gone.") var wait = true
    @Argument(help: "KIND NAME..., or KIND/NAME...") var words: [String] = []

    func run() async throws {
        try await Say.reporting {
            let client = try connection.client()
            let home = try connection.home()
            var paths: [(label: String, path: String)] = []
            for (object, kind, namespace) in try files.objects(home) {
                let name = PodObject(object).name
                paths.append(("\(kind.spelled) \"\(name)\"", kind.path(namespace: namespace, name: name)))
            }
            if !words.isEmpty {
                for reference in try ObjectReference.all(words) {
                    guard let name = reference.name else { throw ManifestError(words[0], "say which") }
                    paths.append(
                        ("\(reference.kind.spelled) \"\(name)\"", reference.kind.path(namespace: home, name: name)))
                }
            }
            try await Say.each(paths) { label, path in
                let options = gracePeriod.map { JSONValue.object(["gracePeriodSeconds": JSONValue(number: $0)]) }
                let gone = try await client.send(PoolRequest(.delete, path, body: options))
                Say.line("\(label) deleted")
                let uid = Field(gone)["metadata"]["uid"].text ?? Field(gone)["details"]["uid"].text ?? ""
                if wait { try await waitForEnd(of: path, uid, client) }
            }
        }
    }

    private func waitForEnd(of path: String, _ uid: String, _ client: PoolClient) async throws {
        while true {
            do throws(PoolError) {
                let there = try await client.get(path)
                if Field(there)["metadata"]["uid"].text != uid { return }
            } catch {
                if error.isNotFound { return }
                throw error
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }
}

struct Describe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell an object's story: where it is, why it waits, what happened.")

    @OptionGroup var connection: Connection
    @Argument(help: "KIND NAME..., or KIND/NAME...") var words: [String]

    func run() async throws {
        try await Say.reporting {
            let client = try connection.client()
            let home = try connection.home()
            try await Say.each(try ObjectReference.all(words)) { reference in
                guard let name = reference.name else { throw ManifestError(words[0], "say which") }
                let path = reference.kind.path(namespace: home, name: name)
                let object = try await client.get(path)
                guard reference.kind == Catalog.pod else {
                    let request = PoolRequest(.get, path, accept: "application/yaml")
                    return Say.line(try await client.text(request))
                }
                let pod = PodObject(object)
                let events = try await client.get(
                    PoolPath.events(pod.namespace), query: ["fieldSelector": "involvedObject.uid=\(pod.uid)"])
                let items = events["items"]?.arrayValue ?? []
                var waiting: [PodObject] = []
                if pod.nodeName == nil {
                    let found = try await client.get(PoolPath.pods, query: ["fieldSelector": "spec.nodeName="])
                    waiting = (found["items"]?.arrayValue ?? []).map(PodObject.init).filter { !$0.phase.isTerminal }
                }
                let story = PodStory.lines(pod, events: items, waiting: waiting, now: .now)
                Say.line(story.joined(separator: "\n"))
            }
        }
    }
}
