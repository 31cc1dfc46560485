/// On whose behalf the present task works.
///
/// The API sets it around each request (the client's own `X-Request-Id`, or one of ours); whatever the request sets in motion sends
/// it on to the shim and logs it. Work that outlives its request has none.
package enum RequestTrace {
    @TaskLocal package static var id: String?
}
