/// One sample of `GET /containers/{id}/stats`; keys are snake case, so encode with `JSONCoder(.asWritten)`.
package struct Stats: Codable, Equatable, Sendable {
    package var name = ""
    package var id = ""
    package var read = Timestamp.never
    package var preread = Timestamp.never
    package var pids = Pids()
    package var blockIO = BlockIO()
    package var processors = 0
    package var storage = Storage()
    package var cpu = CPU()
    package var previousCPU = CPU()
    package var memory = Memory()
    package var networks: [String: Network]?

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case name, id, read, preread, networks
        case pids = "pids_stats"
        case blockIO = "blkio_stats"
        case processors = "num_procs"
        case storage = "storage_stats"
        case cpu = "cpu_stats"
        case previousCPU = "precpu_stats"
        case memory = "memory_stats"
    }

    /// Pouch's own: limits on what is written, by destination; Docker has nothing here on Linux.
    package struct Storage: Codable, Equatable, Sendable {
        package var diskQuota: [String: DiskQuota]?
        package init() {}

        private enum CodingKeys: String, CodingKey { case diskQuota = "disk_quota" }
    }

    /// Usage below one limit, of all that share it.
    package struct DiskQuota: Codable, Equatable, Sendable {
        package var bytes: UInt64
        package var byteLimit: UInt64?
        package var inodes: UInt64?
        package var inodeLimit: UInt64?
        /// The number under which it counts; equal for destinations that share.
        package var id: UInt32
        /// Seconds that the numbers may lag behind.
        package var oldest: Int64

        private enum CodingKeys: String, CodingKey {
            case bytes, inodes, id
            case byteLimit = "byte_limit"
            case inodeLimit = "inode_limit"
            case oldest = "oldest_seconds"
        }
    }

    package struct Pids: Codable, Equatable, Sendable {
        package var current: UInt64?
        package var limit: UInt64?
        package init() {}
    }

    package struct BlockIO: Codable, Equatable, Sendable {
        package var serviceBytes: [Entry]?
        package var serviced: [Entry]?
        package init() {}

        package struct Entry: Codable, Equatable, Sendable {
            package var major: UInt64
            package var minor: UInt64
            package var op: String
            package var value: UInt64
            package init(major: UInt64, minor: UInt64, op: String, value: UInt64) {
                self.major = major
                self.minor = minor
                self.op = op
                self.value = value
            }
        }

        private enum CodingKeys: String, CodingKey {
            case serviceBytes = "io_service_bytes_recursive"
            case serviced = "io_serviced_recursive"
        }
        private enum UnusedKeys: String, CodingKey, CaseIterable {
            case io_queue_recursive, io_service_time_recursive, io_wait_time_recursive, io_merged_recursive
            case io_time_recursive, sectors_recursive
        }
        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(serviceBytes, forKey: .serviceBytes)
            try container.encode(serviced, forKey: .serviced)
            var unused = encoder.container(keyedBy: UnusedKeys.self)
            for key in UnusedKeys.allCases { try unused.encodeNil(forKey: key) }
        }
    }

    package struct CPU: Codable, Equatable, Sendable {
        package var usage = Usage()
        /// Nanoseconds of all processors since boot, idle included.
        package var system: UInt64?
        package var online: Int?
        package var throttling = Throttling()
        package init() {}

        private enum CodingKeys: String, CodingKey {
            case usage = "cpu_usage"
            case system = "system_cpu_usage"
            case online = "online_cpus"
            case throttling = "throttling_data"
        }

        /// Nanoseconds.
        package struct Usage: Codable, Equatable, Sendable {
            package var total: UInt64 = 0
            package var perCPU: [UInt64]?
            package var kernel: UInt64 = 0
            package var user: UInt64 = 0
            package init() {}

            private enum CodingKeys: String, CodingKey {
                case total = "total_usage"
                case perCPU = "percpu_usage"
                case kernel = "usage_in_kernelmode"
                case user = "usage_in_usermode"
            }
        }

        package struct Throttling: Codable, Equatable, Sendable {
            package var periods: UInt64 = 0
            package var throttled: UInt64 = 0
            /// Nanoseconds.
            package var time: UInt64 = 0
            package init() {}

            private enum CodingKeys: String, CodingKey {
                case periods
                case throttled = "throttled_periods"
                case time = "throttled_time"
            }
        }
    }

    /// Bytes.
    package struct Memory: Codable, Equatable, Sendable {
        package var usage: UInt64?
        package var maximum: UInt64?
        package var details: [String: UInt64]?
        package var failures: UInt64?
        package var limit: UInt64?
        package init() {}

        private enum CodingKeys: String, CodingKey {
            case usage, limit
            case maximum = "max_usage"
            case details = "stats"
            case failures = "failcnt"
        }
    }

    package struct Network: Codable, Equatable, Sendable {
        package var receivedBytes: UInt64 = 0
        package var receivedPackets: UInt64 = 0
        package var receiveErrors: UInt64 = 0
        package var receiveDropped: UInt64 = 0
        package var sentBytes: UInt64 = 0
        package var sentPackets: UInt64 = 0
        package var sendErrors: UInt64 = 0
        package var sendDropped: UInt64 = 0
        package init() {}

        private enum CodingKeys: String, CodingKey {
            case receivedBytes = "rx_bytes"
            case receivedPackets = "rx_packets"
            case receiveErrors = "rx_errors"
            case receiveDropped = "rx_dropped"
            case sentBytes = "tx_bytes"
            case sentPackets = "tx_packets"
            case sendErrors = "tx_errors"
            case sendDropped = "tx_dropped"
        }
    }
}
