internal import TestSupport
internal import Testing
internal import Units

@Suite("Ids, names and signals")
struct NamesTests {
    @Test("an id is 64 lower-case hexadecimal digits")
    func ids() throws {
        let text = String(repeating: "0a", count: 32)
        #expect(try ContainerID(parsing: text).short == "0a0a0a0a0a0a")
        for wrong in ["", "0a", text + "0", text.uppercased(), String(text.dropLast()) + "g"] {
            #expect(throws: ParseError.self) { try ContainerID(parsing: wrong) }
        }
    }

    @Test("random ids differ, can be read back, and do not look like numbers when short")
    func randomIDs() throws {
        let ids = (0..<1000).map { _ in ContainerID.random() }
        #expect(Set(ids).count == 1000)
        for id in ids {
            #expect(try ContainerID(parsing: id.text) == id)
            #expect(UInt64(id.short) == nil)
        }
        var one = SplitMix64(seed: 1)
        var same = SplitMix64(seed: 1)
        #expect(ContainerID.random(using: &one) == ContainerID.random(using: &same))
    }

    @Test("a name has only letters, digits and some signs", arguments: ["ab", "/ab", "a.b_c-d", "0x", "A-"])
    func names(text: String) throws {
        #expect(try ContainerName(parsing: text).text == (text.hasPrefix("/") ? String(text.dropFirst()) : text))
    }

    @Test(
        "a name that is none is refused",
        arguments: [
            "", "a", "/", "//ab", "_a", ".a", "-a", "a b", "a/b", "ä1", "a\n", "aé", "a\u{301}b",
            String(repeating: "a", count: 256),
        ])
    func wrongNames(text: String) {
        #expect(throws: ParseError.self) { try ContainerName(parsing: text) }
    }

    @Test("a random name keeps the rule, and there are many of them")
    func randomNames() throws {
        var random = SplitMix64(seed: 7)
        var seen: Set<String> = []
        for _ in 0..<2000 {
            let name = ContainerName.random(using: &random)
            #expect(try ContainerName(parsing: name.text) == name)
            #expect(name.text.split(separator: "_").count == 2)
            seen.insert(name.text)
        }
        #expect(seen.count > 1500)
        #expect(ContainerName.random(number: 3, using: &random).text.hasSuffix("3"))
    }

    @Test(
        "a signal is read by name and number",
        arguments: [
            ("SIGTERM", 15, "SIGTERM"), ("term", 15, "SIGTERM"), ("9", 9, "SIGKILL"), ("SigHup", 1, "SIGHUP"),
            ("IOT", 6, "SIGABRT"),
            ("SIGRTMIN", 34, "SIGRTMIN"), ("RTMIN+3", 37, "SIGRTMIN+3"), ("SIGRTMAX", 64, "SIGRTMAX"),
            ("RTMAX-14", 50, "SIGRTMAX-14"),
            ("RTMIN+15", 49, "SIGRTMIN+15"), ("64", 64, "SIGRTMAX"), ("32", 32, "32"), ("winch", 28, "SIGWINCH"),
            ("poll", 29, "SIGIO"),
        ] as [(String, Int32, String)])
    func signals(text: String, number: Int32, name: String) throws {
        let signal = try Signal(parsing: text)
        #expect(signal.number == number)
        #expect(signal.name == name)
        #expect(try Signal(parsing: signal.name) == signal)
    }

    @Test(
        "a signal that is none is refused",
        arguments: [
            "", "0", "-1", "65", "SIG", "SIGFOO", "RTMIN-1", "RTMIN+31", "RTMAX+1", "RTMAX-31", "RTMIN3", "15 ",
            "ſigterm", "SIGRTMIN+",
        ])
    func wrongSignals(text: String) {
        #expect(throws: ParseError.self) { try Signal(parsing: text) }
    }
}
