internal import ArgumentParser
internal import ClusterModel
internal import JSON
internal import PoolClient

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List objects, or show one.")

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case wide, yaml, json, name
    }

    private static let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

    @OptionGroup var connection: Connection
    @Option(name: [.customShort("o"), .customLong("output")], help: "wide, yaml, json or name.") var form: Form?
    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Of all namespaces.") var everywhere = false
    @Flag(name: .shortAndLong, help: "Go on with what changes.") var watch = false
    @Option(name: [.customShort("l"), .customLong("selector")], help: "Only those with these labels.")
    var selector: String?
    @Argument(help: "KIND, KIND NAME..., or KIND/NAME...") var words: [String]

    func run() async throws {
        try await Say.reporting {
            let client = try connection.client()
            let home = try connection.home()
            for reference in try ObjectReference.all(words) {
                let path = reference.kind.path(namespace: everywhere ? nil : home, name: reference.name)
                try await show(path, reference, client)
            }
        }
    }

    private func show(_ path: String, _ reference: ObjectReference, _ client: PoolClient) async throws {
        var query: [String: String] = [:]
        if let selector { query["labelSelector"] = selector }
        switch form {
        case .yaml:
            Say.line(try await client.text(PoolRequest(.get, path, query: query, accept: "application/yaml")))
        case .json:
            let value = try await client.get(path, query: query)
            Say.line(String(decoding: value.encoded(.pretty), as: UTF8.self))
        case .name:
            let value = try await client.get(path, query: query)
            for item in value["items"]?.arrayValue ?? [value] {
                Say.line("\(reference.kind.spelled)/\(PodObject(item).name)")
            }
        case .wide, nil: try await list(path, query, reference, client)
        }
    }

    private func list(
        _ path: String, _ query: [String: String], _ reference: ObjectReference, _ client: PoolClient
    ) async throws {
        var text = TableText(isWide: form == .wide, showsNamespace: everywhere && reference.kind.isNamespaced)
        let table = try await client.send(PoolRequest(.get, path, query: query, accept: Self.table))
        let lines = text.lines(table)
        for line in lines { Say.line(line) }
        guard watch else {
            if lines.isEmpty { Say.error("there are no \(reference.kind.plural)") }
            return
        }
        var query = query
        query["watch"] = "true"
        query["resourceVersion"] = Field(table)["metadata"]["resourceVersion"].text ?? ""
        var collection = path
        if let name = reference.name {
            collection = String(path.dropLast(name.count + 1))
            query["fieldSelector"] = "metadata.name=\(name)"
        }
        let request = PoolRequest(.get, collection, query: query, accept: Self.table)
        try await client.watch(request) { event in
            for line in text.lines(event.object) { Say.line(line) }
        }
    }
}

struct Queues: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The scheduler's queues.", subcommands: [List.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "Each queue's weight, how many pods wait in it, and for how long.")

        @OptionGroup var connection: Connection

        func run() async throws {
            try await Say.reporting {
                let found = try await connection.client().get(PoolPath.queues)
                let queues = (found["items"]?.arrayValue ?? []).map(QueueObject.init).sorted {
                    ($0.servedPriority, $1.name) > ($1.servedPriority, $0.name)
                }
                let rows = queues.map { queue -> JSONValue in
                    let oldest = queue.field["status"]["oldestWaitSeconds"].number
                    return [
                        "cells": [
                            .string(queue.name), .string(queue.servedWeight ?? "1"),
                            .string(queue.field["status"]["pending"].text ?? "0"),
                            .string(queue.field["status"]["running"].text ?? "0"),
                            .string(oldest.map { "\($0)s" } ?? "-"),
                        ]
                    ]
                }
                var text = TableText(isWide: false, showsNamespace: false)
                let columns = ["name", "weight", "waiting", "running", "oldest"].map { name -> JSONValue in
                    ["name": .string(name)]
                }
                for line in text.lines(["columnDefinitions": .array(columns), "rows": .array(rows)]) { Say.line(line) }
            }
        }
    }
}
