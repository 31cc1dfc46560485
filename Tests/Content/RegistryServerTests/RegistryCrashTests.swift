import ContentStore
import Glibc
import HTTPTypes
import ImageSpec
import Lanes
import LinuxKernel
import TestSupport
import Testing

@testable import RegistryServer

@Suite("A registry after kill -9")
struct RegistryCrashTests {
    @Test("whatever a client was told is kept, and nothing half made is visible", arguments: UInt64(0)..<12)
    func killed(seed: UInt64) async throws {
        try await withScratchDirectory { root in
            try Files.makeDirectory(root + "/acknowledged", mode: 0o700)
            for round in 0..<3 {
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [root = root as String, seed = seed &* 10 &+ UInt64(round) as UInt64] in
                    try await pushUntilKilled(in: root, seed: seed)
                }
                let rig = try RegistryRig(root)
                _ = try rig.content.collect(inUse: { [] })
                #expect(try rig.content.corrupted().isEmpty, "seed \(seed)")
                for name in try Files.list(root + "/acknowledged") {
                    #expect(rig.repositories.manifest("a", .tag(name)) != nil, "seed \(seed): \(name)")
                }
                // Whatever has a name can be pulled whole.
                for tag in rig.repositories.tags(of: "a", after: nil, limit: nil)?.tags ?? [] {
                    let record = try #require(rig.repositories.manifest("a", .tag(tag)))
                    for digest in [record.descriptor.digest] + record.needs {
                        #expect(try rig.content.verify(digest), "seed \(seed): \(tag)")
                    }
                }
                // An upload that was under way goes on where it stopped.
                if let upload = try? WholeFile.read(root + "/upload") {
                    let place = String(decoding: upload, as: UTF8.self)
                    let found = try await rig.ask(.get, place)
                    let range = found.header("Range") ?? ""
                    let sent = max(0, (Int(range.dropFirst(2)) ?? -1) + 1)
                    let done = try await rig.ask(.get, "/v2/up/blobs/\(BlobHasher.digest(of: partial))").status == 200
                    #expect(found.status == 204 || done, "seed \(seed)")
                    if found.status == 204, range != "0-0" {
                        let digest = BlobHasher.digest(of: partial)
                        let end = try await rig.ask(.put, "\(place)?digest=\(digest)", Array(partial[sent...]))
                        #expect(end.status == 201, "seed \(seed)")
                    }
                }
            }
        }
    }
}

private let partial = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

/// Pushes, deletes and collects until it is killed at a random moment; says on disk what the registry said.
private func pushUntilKilled(in root: String, seed: UInt64) async throws {
    var random = SplitMix64(seed: seed)
    let moment = UInt32.random(in: 2_000...120_000, using: &random)
    Lanes.shared.start {
        usleep(moment)
        kill(getpid(), SIGKILL)
    }
    let rig = try RegistryRig(root)
    Lanes.shared.start { while true { _ = try? rig.content.collect(inUse: { [] }) } }
    let place = try await rig.ask(.post, "/v2/up/blobs/uploads/").location
    try WholeFile.replace(root + "/upload", with: Array(place.utf8))
    var number = Int(seed) * 1000
    var sent = 0
    while true {
        number += 1
        if sent < partial.count {
            let next = min(sent + 40_000, partial.count)
            _ = try await rig.ask(.patch, place, Array(partial[sent..<next]), ["Content-Range": "\(sent)-\(next - 1)"])
            sent = next
        }
        try await rig.pushImage("a", "t\(number)", UInt8(truncatingIfNeeded: number))
        try WholeFile.replace(root + "/acknowledged/t\(number)", with: [])
        if number % 3 == 0 {
            try Files.remove(root + "/acknowledged/t\(number)")
            _ = try await rig.ask(.delete, "/v2/a/manifests/t\(number)")
        }
    }
}
