/// What can be seen of a container without waiting for it.
struct ContainerView: Sendable {
    var record: ContainerRecord
    var machine: ContainerMachine
    var health: Health?
    var execIDs: [String] = []
    var network: NetworkSettings
    var restartCount = 0

    var id: String { record.id }
    var isRunning: Bool { machine.process != nil }
}
