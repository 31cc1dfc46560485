internal import Cgroups
internal import TestSupport
internal import Testing

@testable internal import ContainerRuntime

@Suite("OptionParser")
struct OptionParserTests {
    private let rules = [
        OptionRule("bundle", "b", value: "DIR", help: ""), OptionRule("detach", "d", help: ""),
        OptionRule("tty", "t", help: ""), OptionRule("env", "e", value: "X", help: ""),
    ]

    private func parse(_ words: String..., stops: Bool = false) throws(UsageError) -> ParsedOptions {
        try OptionParser(rules, stopsAtFirstArgument: stops).parse(words)
    }

    @Test func takesAllSpellings() throws {
        for words in [["--bundle", "/x"], ["--bundle=/x"], ["-b", "/x"], ["-b=/x"], ["-b/x"], ["-bundle", "/x"]] {
            let parsed = try OptionParser(rules, stopsAtFirstArgument: false).parse(words + ["id"])
            #expect(parsed["bundle"] == "/x", "\(words)")
            #expect(parsed.arguments == ["id"], "\(words)")
        }
    }

    @Test func joinsSwitches() throws {
        let parsed = try parse("-td", "id")
        #expect(parsed.isOn("tty") && parsed.isOn("detach"))
        #expect(try !parse("--detach=false").isOn("detach"))
    }

    @Test func optionsMayFollowArguments() throws {
        let parsed = try parse("id", "--bundle", "/x")
        #expect(parsed["bundle"] == "/x" && parsed.arguments == ["id"])
    }

    @Test func aProgramKeepsItsOwnOptions() throws {
        let parsed = try parse("-d", "id", "ls", "-l", "--bundle", stops: true)
        #expect(parsed.arguments == ["id", "ls", "-l", "--bundle"])
        #expect(try parse("--", "-d").arguments == ["-d"])
    }

    @Test func repeatsAreKept() throws {
        #expect(try parse("-e", "A=1", "--env", "B=2").all("env") == ["A=1", "B=2"])
    }

    @Test func namesWhatItDoesNotKnow() {
        #expect(throws: UsageError("unknown option --nosuch")) { try parse("--nosuch=1") }
        #expect(throws: UsageError("unknown option -x in -dx")) { try parse("-dx") }
        #expect(throws: UsageError("option --bundle needs a value")) { try parse("--bundle") }
        #expect(throws: UsageError("unknown option --b")) { try parse("--b", "/x") }
    }

    @Test("never crashes on what people type", arguments: UInt64(0)..<1000)
    func anything(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let pieces = ["-", "--", "b", "bundle", "=", "d", "é", "", " ", "x"]
        let words = (0..<Int.random(in: 0...5, using: &random)).map { _ in
            (0..<Int.random(in: 0...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        }
        _ = try? OptionParser(rules, stopsAtFirstArgument: Bool.random(using: &random)).parse(words)
    }

    @Test func everyCommandHasHelp() {
        for command in CommandTable.commands {
            #expect(HelpText.page(command).contains("Usage: pouch-runtime \(command.name)"))
            #expect(Set(command.options.flatMap(\.names)).count == command.options.flatMap(\.names).count)
        }
    }

    @Test func whereScriptsLookForRuncTheyFindIt() {
        let lines = HelpText.version.split(separator: "\n")
        #expect(lines[0].hasSuffix("runc version 0.1.0") && lines[1].hasPrefix("commit:") && lines[2] == "spec: 1.2.1")
        #expect(HelpText.overview.hasPrefix("NAME:\n"))
        for command in CommandTable.commands {
            #expect(
                HelpText.page(command).hasPrefix(
                    "NAME:\n   pouch-runtime \(command.name), in place of runc \(command.name) "))
        }
    }

    @Test func groupsOfAFurtherProcessAreGivenByController() throws {
        let tree = CgroupTree(mounts: [
            CgroupTree.Mount(directory: "/c/cpu", hierarchy: .v1, controllers: [.cpu, .cpuacct]),
            CgroupTree.Mount(directory: "/c/systemd", hierarchy: .v1, name: "systemd"),
        ])
        let group = Cgroup(at: try CgroupPath(parsing: "/a"), in: tree)
        func refusal(_ words: String...) -> String? {
            do {
                _ = try Subgroups(parsing: words).places(in: group)
                return nil
            } catch { return "\(error)" }
        }
        #expect(refusal() == nil && refusal("/") == nil && refusal("cpu:/", "name=systemd:/") == nil)
        #expect(refusal("..")?.contains(": .. is not a sub cgroup path") == true)
        #expect(refusal("cpu:b/../..")?.contains("is not a sub cgroup path") == true)
        #expect(refusal("whaaat:/")?.contains("unknown controller whaaat") == true)
        #expect(refusal("b", "cpu:c")?.contains("names its controllers") == true)
        #expect(refusal("a:b:c")?.contains("is not PATH or") == true)
        #expect(
            refusal("cpu,cpuacct:none")?.contains(" adding pid of the new process to /c/cpu/a/none/cgroup.procs: ")
                == true)
    }

    @Test func signalsByNameAndNumber() {
        #expect(Signals.number("KILL") == 9 && Signals.number("SIGTERM") == 15 && Signals.number("sigusr1") == 10)
        #expect(Signals.number("2") == 2 && Signals.number("0") == 0 && Signals.number("RTMIN+3") == 37)
        #expect(Signals.number("NOSUCH") == nil && Signals.number("65") == nil && Signals.number("-1") == nil)
    }
}
