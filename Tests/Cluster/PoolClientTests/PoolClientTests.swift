internal import ClusterModel
internal import JSON
internal import LinuxKernel
internal import TestSupport
internal import Testing

@testable internal import PoolClient

@Suite("A pool's client")
struct PoolClientTests {
    private static let lines = """
        {"type":"ADDED","object":{"metadata":{"name":"a"}}}
        {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}

        {"type":"LATER","object":{}}
        {"type":"DELETED","object":{"metadata":{"name":"a"}}}

        """

    @Test("a watch is cut into events, however its bytes arrive", arguments: UInt64(0)..<100)
    func events(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var lines = EventLines()
        var kinds: [PoolEvent.Kind] = []
        var rest = Array(Self.lines.utf8)[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...40, using: &random))
            rest = rest.dropFirst(piece.count)
            kinds += try lines.take(Array(piece)).map(\.kind)
        }
        #expect(kinds == [.added, .bookmark, .deleted], "seed \(seed)")
    }

    @Test("an error in a watch carries its status")
    func failure() {
        var lines = EventLines()
        let line = #"{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old"}}"# + "\n"
        #expect(throws: PoolError.refused(code: 410, reason: "Expired", message: "too old")) {
            try lines.take(Array(line.utf8))
        }
    }

    @Test("a kubeconfig's current context, with what it holds inline and in files")
    func kubeconfig() throws {
        try withScratchDirectorySync { directory in
            try WholeFile.replace("\(directory)/ca.pem", with: Array("AUTHORITY".utf8))
            let text = """
                current-context: here
                contexts: [{name: here, context: {cluster: c, user: u, namespace: web}}]
                clusters: [{name: c, cluster: {server: 'https://h:6443', certificate-authority: \(directory)/ca.pem}}]
                users: [{name: u, user: {client-certificate-data: Q0VSVA==, token: t}}]
                """
            try WholeFile.replace("\(directory)/config", with: Array(text.utf8))
            let address = try PoolAddress(kubeconfig: "\(directory)/config")
            #expect(address.server == "https://h:6443" && address.namespace == "web" && address.token == "t")
            #expect(address.authority == "AUTHORITY" && address.certificate == "CERT")
            #expect(throws: ManifestError("\(directory)/config: contexts", "there is no there")) {
                try PoolAddress(kubeconfig: "\(directory)/config", context: "there")
            }
        }
    }

    @Test("what does not belong in an address is written as its bytes")
    func percent() { #expect(Percent.encoded("a b/ü=~") == "a%20b%2F%C3%BC%3D~") }
}
