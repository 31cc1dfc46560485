internal import DockerClient
internal import JSON

/// What `pouch system check` does.
struct CheckSystem: Verb {
    static let usage = Usage(name: "check", summary: "Find image data that the disk has damaged or lost")

    var isRepairing = false

    static var flags: [Flag<CheckSystem>] {
        [.toggle("repair", "Remove what is damaged and fetch it again where a registry has it", \.isRepairing)]
    }

    func run(_ session: Session) throws(Failure) {
        let report = try session.post("/system/check", ["repair": isRepairing ? "1" : "0"]).value()
        let problems = report["Problems"]?.arrayValue ?? []
        for problem in problems { try session.say(Self.line(problem)) }
        let size = Human.size(report["Bytes"]?.doubleValue ?? 0, digits: 4)
        try session.say("\(report["Blobs"]?.intValue ?? 0) blobs of \(size) were read: \(problems.count) problems")
        guard !problems.isEmpty else { return }
        try session.flush()
        guard isRepairing else { throw .exit(1) }
        var images: [String] = []
        for name in problems.flatMap({ $0["Images"]?.arrayValue ?? [] }).compactMap(\.stringValue)
        where !images.contains(name) && !name.hasPrefix("sha256:") {
            images.append(name)
        }
        try session.each(images) { name throws(Failure) in
            try PullRequest(image: name).run(session, to: nil)
            try session.say("\(name): fetched again")
        }
        let left = try session.post("/system/check").value()["Problems"]?.arrayValue ?? []
        guard left.isEmpty else {
            for problem in left { try session.say(Self.line(problem)) }
            throw .exit(1)
        }
    }

    private static func line(_ problem: JSONValue) -> String {
        let users =
            (problem["Images"]?.arrayValue ?? []).compactMap(\.stringValue).map { "image \($0)" }
            + (problem["Repositories"]?.arrayValue ?? []).compactMap(\.stringValue).map { "repository \($0)" }
        let removed = problem["Removed"]?.boolValue == true ? ", removed" : ""
        let blob = "\(problem["Blob"]?.stringValue ?? ""): \(problem["Kind"]?.stringValue ?? "")\(removed)"
        return users.isEmpty ? blob : "\(blob) (\(users.joined(separator: ", ")))"
    }
}
