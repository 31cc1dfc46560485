internal import Glibc
internal import HTTPKit
internal import LinuxKernel
internal import PoolNode
internal import Units

/// The pool that this daemon belongs to, if `--pool-tracker` names one.
struct DistributionDefaults: Equatable {
    var tracker: ListenAddress
    var token: String?
    /// Where the token stands, when it was not given itself.
    var tokenFile: String?
    /// The environment's.
    var offeredToken: String?
    /// Nil is the host's name.
    var node: String?
    var listen: ListenAddress
    /// With or without a port.
    var advertise: String?
    var isPlain: Bool
    /// Bytes per second.
    var upload: Int64?
    var download: Int64?
    var origin: Int64?

    /// What lets this node in the first time, where nothing else is given.
    private static let tokenVariable = "POUCH_POOL_TOKEN"

    init?(_ flags: Flags, _ file: SettingsFile) throws {
        let offered = getenv(Self.tokenVariable).map { String(cString: $0) }
        // What the daemon starts must not see it.
        unsetenv(Self.tokenVariable)
        let given = flags.distribution
        guard let tracker = try given.tracker ?? file.string("pool-tracker") else { return nil }
        self.tracker = try Self.address("pool-tracker", tracker)
        token = try given.token ?? file.string("pool-token")
        tokenFile = try given.tokenFile ?? file.string("pool-token-file")
        offeredToken = offered
        node = try given.node ?? file.string("pool-node")
        listen = try Self.address("pool-listen", given.listen ?? file.string("pool-listen") ?? "0.0.0.0:7951")
        advertise = try given.advertise ?? file.string("pool-advertise")
        isPlain = try given.plainHTTP || file.bool("pool-plain-http") == true
        upload = try Self.rate("pool-upload-limit", given.uploadLimit, file)
        download = try Self.rate("pool-download-limit", given.downloadLimit, file)
        origin = try Self.rate("pool-origin-limit", given.originLimit, file)
    }

    /// The one-time token, read when it is needed and not before; nil when there is none.
    ///
    /// A file that is gone is no error: a node that has joined needs it no more.
    func readToken() throws(PoolError) -> String? {
        if let token { return token }
        if let path = tokenFile {
            do throws(SyscallError) {
                let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
                return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
            } catch {
                guard error.errno == ENOENT else { throw .kernel(error) }
            }
        }
        return offeredToken
    }

    private static func address(_ name: String, _ text: String) throws -> ListenAddress {
        do throws(ListenError) { return try ListenAddress(parsing: text) } catch {
            throw ConfigurationError.invalid(name: name, value: text, why: "not ADDRESS:PORT")
        }
    }

    private static func rate(_ name: String, _ given: String?, _ file: SettingsFile) throws -> Int64? {
        guard let text = try given ?? file.string(name) else { return nil }
        guard let count = try? ByteCount(parsing: text), let rate = Int64(exactly: count.bytes), rate > 0 else {
            throw ConfigurationError.invalid(name: name, value: text, why: "not a number of bytes such as 50m")
        }
        return rate
    }
}
