internal import DockerClient
internal import JSON
internal import LinuxKernel

/// What shells and the Makefile ask for; help does not show it.
struct HiddenCommands {
    let invocation: Invocation

    /// Runs one, or gives `nil` when `words` are none.
    func run() -> Int32? {
        let words = invocation.words
        switch words.first {
        case "__complete": return complete(Array(words.dropFirst()))
        case "--generate-completion-script", "completion":
            guard words.count == 2, let script = CompletionScript.text(for: words[1]) else {
                return fail("\(words[0]): expected one of \(CompletionScript.shells.joined(separator: ", "))")
            }
            invocation.say(script, to: invocation.descriptors.output)
            return 0
        case "generate-manual":
            guard words.count == 2 else { return fail("generate-manual: expected a folder") }
            do throws(SyscallError) {
                try Manual.write(to: words[1], Pouch.commands)
                return 0
            } catch {
                return fail("\(error)")
            }
        case "simulate": return fail(Simulate.program.become(Array(words.dropFirst()), invocation.environment))
        case let word? where PoolVerbs.words.contains(word):
            return fail(PoolVerbs.program(word).become(words, invocation.environment))
        default: return nil
        }
    }

    private func fail(_ text: String) -> Int32 {
        invocation.say("pouch: \(text)\n", to: invocation.descriptors.errors)
        return 1
    }

    /// Prints one candidate to a line; `:files` stands for the names of files.
    private func complete(_ words: [String]) -> Int32 {
        let completion = Completion(words, in: Pouch.commands)
        var lines = completion.candidates.map { $0.help.isEmpty ? $0.word : "\($0.word)\t\($0.help)" }
        if completion.kind == .files { lines.append(":files") }
        lines += names(completion.kind).filter { $0.hasPrefix(words.last ?? "") }
        invocation.say(lines.map { $0 + "\n" }.joined(), to: invocation.descriptors.output)
        return 0
    }

    /// Asks the daemon; without one there is nothing to offer.
    private func names(_ kind: Completes) -> [String] {
        guard let endpoint = try? GlobalOptions().endpoint(invocation.environment) else { return [] }
        func ask(_ path: String, _ query: Query = [:]) -> JSONValue {
            (try? DockerClient(endpoint).get(path, query).json()) ?? .null
        }
        switch kind {
        case .containers, .runningContainers:
            let all: Query = kind == .containers ? ["all": "1"] : [:]
            return (ask("/containers/json", all).arrayValue ?? []).flatMap { $0["Names"]?.arrayValue ?? [] }
                .compactMap { $0.stringValue.map { String($0.drop { $0 == "/" }) } }
        case .images:
            return (ask("/images/json").arrayValue ?? []).flatMap { $0["RepoTags"]?.arrayValue ?? [] }
                .compactMap(\.stringValue)
        case .volumes: return (ask("/volumes")["Volumes"]?.arrayValue ?? []).compactMap { $0["Name"]?.stringValue }
        case .networks: return (ask("/networks").arrayValue ?? []).compactMap { $0["Name"]?.stringValue }
        case .nothing, .files, .choices: return []
        }
    }
}
