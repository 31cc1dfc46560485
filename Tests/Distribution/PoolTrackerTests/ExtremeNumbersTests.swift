import JSON
import LinuxKernel
import Logging
import Prewarm
import TestSupport
import Testing

@testable import PoolNode
@testable import PoolTracker

/// What any member may say, in numbers of any size.
@Suite("numbers that others say")
struct ExtremeNumbersTests {
    private static let numbers: [Int64] = [
        .min, -1, 0, 1, 5, 1 << 31, 1 << 49, 1 << 50, (1 << 50) + 1, 1 << 62, .max - 1, .max,
    ]

    private static func number(_ random: inout SplitMix64) -> JSONValue {
        // Half of them are harmless, so that some messages are read whole.
        .integer(Bool.random(using: &random) ? 7 : numbers.randomElement(using: &random) ?? 0)
    }

    private static func transfer(_ random: inout SplitMix64) -> JSONValue {
        var json: JSONValue = ["node": "n\(UInt8.random(in: 0...3, using: &random))", "name": "", "blob": "b"]
        for key in ["size", "began", "ended", "stalls", "hedges", "bans", "wasted", "upload", "download", "origin"] {
            json[key] = number(&random)
        }
        json["sources"] = .array(
            (0..<3).map { _ in
                var source: JSONValue = ["from": Bool.random(using: &random) ? "registry" : "n1"]
                for key in ["pieces", "bytes", "first", "last"] { source[key] = number(&random) }
                return source
            })
        return json
    }

    @Test("transfers are refused or counted, never a trap", arguments: UInt64(0)..<50)
    func transfers(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let book = TransferBook()
        var taken = 0
        for _ in 0..<40 {
            guard let value = try? BlobTransfer(json: JSONField(Self.transfer(&random))) else { continue }
            taken += 1
            book.note(value)
        }
        let all = PoolTransfer(book.transfers(of: "b"))
        _ = (all.egress, all.seconds, all.bound, all.efficiency, all.json.encoded())
        #expect(book.totals.origin >= 0 && book.totals.peers >= 0, "seed \(seed), \(taken) taken")
    }

    @Test("a node that tells again is counted once; a sum stays at the largest number")
    func again() throws {
        let book = TransferBook()
        func transfer(_ blob: String, _ bytes: Int64) -> BlobTransfer {
            BlobTransfer(
                node: "n", name: "", blob: blob, size: 1, began: 0,
                sources: [
                    .init(from: "registry", pieces: 1, bytes: bytes, first: 0, last: 0),
                    .init(from: "other", pieces: 1, bytes: 1, first: 0, last: 0),
                ], stalls: 0, hedges: 0, bans: 0, wasted: 0)
        }
        for bytes in [Int64(5), 9, 9, 8] { book.note(transfer("b", bytes)) }
        #expect(book.totals == (8, 1))
        for blob in 0..<3 { book.note(transfer("\(blob)", .max / 2)) }
        #expect(book.totals == (.max, 4))
    }

    @Test("reports of prewarms are refused or shown, never a trap")
    func reports() async throws {
        try await withScratchDirectory { folder in
            try await withThread { try Self.report(below: folder) }
        }
    }

    /// Blocks on the disk.
    private static func report(below folder: String) throws {
        for seed in UInt64(0)..<20 {
            var random = SplitMix64(seed: seed)
            let desk = try PrewarmDesk(folder: "\(folder)/\(seed)", logger: Logger(label: "test"))
            _ = desk.exchange("node", [], now: 1)
            let run = try desk.begin(PrewarmPlan(images: ["a"]), now: 1)
            for _ in 0..<20 {
                let layers = (0..<50).map { number -> JSONValue in
                    ["layer": "\(number)", "current": Self.number(&random), "total": .integer(1 << 50)]
                }
                let json: JSONValue = ["run": .string(run.id), "layers": .array(layers)]
                guard let report = try? PrewarmReport(json: JSONField(json)) else { continue }
                _ = desk.exchange("node", [report], now: 1)
            }
            #expect(desk.show(run.id)?["progress"] != nil, "seed \(seed)")
        }
    }
}
