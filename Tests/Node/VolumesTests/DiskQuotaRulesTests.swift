import DiskQuota
import TestSupport
import Testing
import Units

@testable import Volumes

/// Which key takes what, and what is no rule at all.
@Suite("disk quota rules")
struct DiskQuotaRulesTests {
    private func pools(
        _ quotas: [String: String], id: String = "", _ destinations: [String]
    ) throws(VolumesError) -> [DiskQuotaRules.Pool] {
        try DiskQuotaRules(quotas, id: id).pools(for: destinations.map { DiskQuotaRules.Target($0) })
    }

    private func groups(_ quotas: [String: String], id: String = "", _ destinations: [String]) throws -> [[String]] {
        try pools(quotas, id: id, destinations).map(\.destinations)
    }

    @Test("each form of the manual shares what it says")
    func forms() throws {
        let all = ["/", "/abc", "/data"]
        #expect(try groups([".*": "10g"], id: "-1", all) == [all])
        #expect(try groups([".*": "10g"], all) == [["/"], ["/abc"], ["/data"]])
        #expect(try groups(["/": "10g"], all) == [["/"]])
        #expect(try groups(["/abc": "10g"], all) == [["/abc"]])
        #expect(try groups(["/&/abc": "10g"], all) == [["/", "/abc"]])
        #expect(try groups([".*": "10g"], id: "17000000", all) == [all])
        #expect(try groups(["/a.*|/d.*": "10g"], id: "17000000", all) == [["/abc", "/data"]])
    }

    @Test("what is spelled out goes before the longest pattern, which goes before all")
    func order() throws {
        let quotas = ["/data": "1m", "/d.*": "2m", "/da.*": "3m", ".*": "4m"]
        let found = try pools(quotas, ["/", "/data", "/date", "/dog"])
        let limits = found.reduce(into: [String: UInt64]()) { $0[$1.destinations[0]] = $1.limit.bytes?.bytes }
        #expect(limits == ["/": 4 << 20, "/data": 1 << 20, "/date": 3 << 20, "/dog": 2 << 20])
        // Equally long: the alphabetically first.
        #expect(
            try pools(["/a.": "1m", "/.b": "2m"].merging([:]) { $1 }, ["/ab", "/xb", "/ax"]).map(\.key) == [
                "/.b", "/.b", "/a.",
            ])
    }

    @Test("a pattern must match the whole destination")
    func wholeMatch() throws {
        #expect(throws: VolumesError.self) { try pools(["/ab": "1m"], ["/", "/abc"]) }
        #expect(try groups(["/ab.": "1m"], ["/", "/abc"]) == [["/abc"]])
    }

    @Test("a mount that cannot be written through is taken only when it is spelled out")
    func shy() throws {
        let targets = [DiskQuotaRules.Target("/"), .init("/ro", isShy: true)]
        #expect(try DiskQuotaRules([".*": "1m"], id: "-1").pools(for: targets).map(\.destinations) == [["/"]])
        #expect(try DiskQuotaRules(["/ro": "1m"], id: "").pools(for: targets).map(\.destinations) == [["/ro"]])
    }

    @Test("sizes have fractions and inodes")
    func sizes() throws {
        #expect(
            try pools(["/": "2.5m,inodes=100"], ["/"])[0].limit == QuotaLimit(bytes: ByteCount(2_621_440), inodes: 100))
        #expect(try pools(["/": "inodes=7"], ["/"])[0].limit == QuotaLimit(inodes: 7))
    }

    @Test(
        "what is no rule is refused, and says which",
        arguments: [
            ["/": ""], ["/": "0"], ["/": "x"], ["/": "1m,2m"], ["/": "1m,inodes=0"], ["/": "1m,inodes=1,inodes=2"],
            ["": "1m"],
            ["a&/b": "1m"], ["/&": "1m"], ["/a&/a": "1m"], ["/a&/b": "1m", "/b&/c": "1m"], ["/a&/b": "1m", "/a": "1m"],
            ["/(": "1m"], ["/[": "1m"], ["/": "-1"],
        ])
    func refused(quotas: [String: String]) {
        #expect(throws: VolumesError.self) { try DiskQuotaRules(quotas, id: "") }
    }

    @Test("a key that takes nothing is an error, not a quiet nothing", arguments: ["/nope", "/&/nope", "/nope.*"])
    func nothing(key: String) {
        #expect(throws: VolumesError.self) { try pools([key: "1m"], ["/", "/abc"]) }
    }

    @Test("a quota id goes with one rule, and is a number", arguments: ["x", "1.5", "99999999999"])
    func badID(id: String) throws {
        #expect(throws: VolumesError.self) { try DiskQuotaRules(["/": "1m"], id: id) }
        #expect(throws: VolumesError.self) { try DiskQuotaRules(["/": "1m", "/a": "1m"], id: "-1") }
        #expect(try DiskQuotaRules(["/": "1m", "/a": "1m"], id: "0").sharing == .none)
    }

    @Test("no text brings the reader down, and no destination is in two pools")
    func seeded() {
        let alphabet = Array("/&.*ab=,[](){}+?|\\^$19gkinodes")
        for seed in UInt64(0)..<1000 {
            var random = SplitMix64(seed: seed)
            func word(_ most: Int) -> String {
                String(
                    (0..<Int.random(in: 0...most, using: &random)).compactMap { _ in
                        alphabet.randomElement(using: &random)
                    })
            }
            var quotas: [String: String] = [:]
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                quotas[word(6)] = Bool.random(using: &random) ? "1m" : word(4)
            }
            guard
                let rules = try? DiskQuotaRules(quotas, id: ["", "-1", "5", "x"].randomElement(using: &random) ?? ""),
                let pools = try? rules.pools(for: ["/", "/a", "/b", "/ab"].map { DiskQuotaRules.Target($0) })
            else { continue }
            let all = pools.flatMap(\.destinations)
            #expect(Set(all).count == all.count, "seed \(seed)")
        }
    }
}
