import ImageSpec
import LinuxKernel
import TestSupport
import Testing

@testable import Engine

@Suite("what is known of images' use")
struct ImageLedgerTests {
    private let image = Digest(hash: Array(repeating: 1, count: 32))

    @Test("a pin that could not be written is written with the next save")
    func failedSave() async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/later/ledger"
            let ledger = ImageLedger(path: path)
            #expect(throws: SyscallError.self) { try ledger.pin(image, until: 100) }
            try Files.makeDirectory(folder + "/later", mode: 0o700)
            try ledger.save()
            #expect(ImageLedger(path: path).isPinned(image, at: 99))
        }
    }

    @Test("of two pulls of one name the first to end leaves the other's layers shown")
    func arrivals() {
        var arriving = ArrivingImages()
        let other = Digest(hash: Array(repeating: 2, count: 32))
        arriving.begin("a", [image])
        arriving.begin("a", [image])
        arriving.begin("a", [other])
        arriving.end("a", [image])
        arriving.end("a", [other])
        #expect(arriving.layers(of: "a") == [image])
        arriving.end("a", [image])
        #expect(arriving.layers(of: "a") == [])
    }
}
