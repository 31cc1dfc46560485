import Testing

@testable import Verbs

@Suite("the command line's grammar")
struct FlagParserTests {
    @Test("flags end at the image") func endsAtOperand() throws {
        let run = try Run.parsed(["--rm", "-it", "busybox", "ls", "-la", "--rm=false", "--"])
        #expect(run.container.life.removes)
        #expect(run.container.process.interactive && run.container.process.tty)
        #expect(run.image == "busybox")
        #expect(run.command == ["ls", "-la", "--rm=false", "--"])
    }

    @Test(
        "a value may stand in every place that docker allows",
        arguments: [
            ["-e", "A=b"], ["-eA=b"], ["-e=A=b"], ["--env", "A=b"], ["--env=A=b"], ["-ite", "A=b"], ["-iteA=b"],
        ])
    func values(words: [String]) throws {
        #expect(try Run.parsed(words[...] + ["image"]).container.process.env == ["A=b"])
    }

    @Test("switches take false") func switches() throws {
        #expect(try !Run.parsed(["--rm=false", "--sig-proxy=false", "x"]).proxiesSignals)
        #expect(try !Run.parsed(["-d=false", "x"]).isDetached)
        #expect(try Run.parsed(["-itd", "x"]).isDetached)
    }

    @Test("negative numbers and dashes are values") func negative() throws {
        let flags = try Run.parsed(["--cpu-quota", "-1", "--memory-swap=-1", "--name", "-x", "i"]).container
        #expect(flags.resources.limits.cpuQuota == -1)
        #expect(flags.resources.limits.memorySwap == -1)
        #expect(flags.life.name == "-x")
    }

    @Test("two dashes end the flags") func terminator() throws {
        #expect(try Remove.parsed(["-f", "--", "-v"]).containers == ["-v"])
        #expect(try Remove.parsed(["a", "-f", "b"]).containers == ["a", "b"])
    }

    @Test("an alias is another name for a flag") func aliases() throws {
        #expect(try Run.parsed(["--net", "host", "i"]).container.network.networks == ["host"])
    }

    @Test(
        "mistakes are named",
        arguments: [
            (["--nmae", "x", "i"], "unknown flag: --nmae; did you mean --name?"),
            (["-Q", "i"], "unknown shorthand flag: 'Q' in -Q"), (["--name"], "flag needs an argument: --name"),
            (["-e"], "flag needs an argument: 'e' in -e"),
            (["--rm=maybe", "i"], "invalid argument \"maybe\" for \"--rm\": expected true or false"),
            (["-m", "12q", "i"], "invalid argument \"12q\" for \"-m\": expected a size such as 512, 64k, 10m or 2g"),
            ([], "'pouch run' requires at least 1 argument"),
            (["--gpus", "all", "i"], "invalid argument \"all\" for \"--gpus\": GPUs are not supported"),
        ] as [([String], String)])
    func mistakes(words: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try Run.parsed(words[...]) }
        #expect(error?.description == message)
    }

    @Test("every flag has one name and one letter of its own") func unique() {
        func check(_ commands: [Command], path: String) {
            for command in commands {
                switch command {
                case .group(let name, _, let children): check(children, path: "\(path) \(name)")
                case .verb(let type, _):
                    let lines = Help.flagLines(of: type)
                    #expect(Set(lines.map(\.long)).count == lines.count, "\(path) \(type.usage.name)")
                    let shorts = lines.compactMap(\.short)
                    #expect(Set(shorts).count == shorts.count, "\(path) \(type.usage.name)")
                }
            }
        }
        check(Pouch.commands, path: "pouch")
    }
}

@Suite("near misses")
struct NearestTests {
    @Test(arguments: [("rnu", "run"), ("imges", "images"), ("pss", "ps"), ("insp", "inspect")])
    func commands(typed: String, meant: String) {
        #expect(nearest(typed, in: Pouch.commands.map(\.name)) == meant)
    }

    @Test func nothingNear() { #expect(nearest("kubernetes", in: Pouch.commands.map(\.name)) == nil) }

    @Test(
        arguments: [
            ("busybx", "busybox:latest"), ("busybox:1", "busybox:latest"), ("debain:12", "debian:12"),
            ("box", "local/box:v2"), ("nothing", nil),
        ] as [(String, String?)])
    func images(typed: String, meant: String?) {
        let tags = ["busybox:latest", "debian:12", "local/box:v2"]
        #expect(ImageHint.candidate(for: typed, among: tags) == meant)
    }
}
