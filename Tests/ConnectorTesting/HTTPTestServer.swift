import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A server on 127.0.0.1 whose answers a test decides, and that keeps what it was asked.
///
/// Where an endpoint is by nature anybody's own (a webhook, a credential service), this is one.
package final class HTTPTestServer: Sendable {
    /// What a client sent.
    package struct Request: Sendable {
        package var method: String
        package var path: String
        package var headers: [(name: String, value: String)]
        package var body: String
        /// The client's end of the connection.
        package var connection: ObjectIdentifier

        /// The value of a header, by its name in small letters.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name }?.value
        }
    }

    /// What the server answers.
    package struct Answer: Sendable {
        package var status: Int
        package var headers: [(name: String, value: String)]
        package var body: String
        /// What is done with the connection.
        fileprivate var ending = Ending.answers

        fileprivate enum Ending {
            case answers, hangsUp, waits
        }

        package init(_ status: Int, headers: [(name: String, value: String)] = [], _ body: String = "") {
            self.status = status
            self.headers = headers
            self.body = body
        }

        /// Closes the connection without an answer.
        package static var none: Answer {
            var answer = Answer(0)
            answer.ending = .hangsUp
            return answer
        }

        /// Leaves the connection as it is, for ever.
        package static var never: Answer {
            var answer = Answer(0)
            answer.ending = .waits
            return answer
        }
    }

    package typealias Handler = @Sendable (Request) async throws -> Answer

    private let channel: any Channel
    fileprivate let received = Mutex([Request]())
    fileprivate let connections = Mutex([any Channel]())
    fileprivate let handler: Handler

    /// The free port that it took.
    package let port: Int

    /// What came, in order.
    package var requests: [Request] { received.withLock { $0 } }

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - tls: A certificate and its key, in PEM files; `nil` for a server without encryption.
    ///   - handler: Answers a request; to throw is to hang up.
    package static func start(
        tls: (certificate: String, key: String)? = nil,
        handler: @escaping Handler
    ) async throws -> HTTPTestServer {
        var context: NIOSSLContext?
        if let tls {
            let certificates = try NIOSSLCertificate.fromPEMFile(tls.certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
            context = try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: certificates, privateKey: .privateKey(key))
            )
        }
        let box = ServerBox()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [context] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Connection(box: box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = HTTPTestServer(channel: channel, handler: handler)
        box.server.withLock { $0 = server }
        return server
    }

    private init(channel: any Channel, handler: @escaping Handler) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
        self.handler = handler
    }

    /// Takes no more connections, and ends those that there are.
    package func stop() async throws {
        try await channel.close()
        for connection in connections.withLock({ $0 }) { try? await connection.close() }
    }
}

/// Lets connections find the server, which is made after the first of them can come.
private final class ServerBox: Sendable {
    let server = Mutex<HTTPTestServer?>(nil)
}

private final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let box: ServerBox
    private var head: HTTPRequestHead?
    private var body = ""

    init(box: ServerBox) {
        self.box = box
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        box.server.withLock { $0 }?.connections.withLock { $0.append(channel) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let bytes): body += String(buffer: bytes)
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head, let server = box.server.withLock({ $0 }) else { return context.close(promise: nil) }
        let request = HTTPTestServer.Request(
            method: head.method.rawValue,
            path: head.uri,
            headers: head.headers.map { ($0.name, $0.value) },
            body: body,
            connection: ObjectIdentifier(self)
        )
        server.received.withLock { $0.append(request) }
        let channel = context.channel
        channel.eventLoop.makeFutureWithTask { try await server.handler(request) }.whenComplete { result in
            guard case .success(let answer) = result, answer.ending != .hangsUp else {
                return channel.close(promise: nil)
            }
            if answer.ending == .waits { return }
            var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
            headers.add(name: "content-length", value: String(answer.body.utf8.count))
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
            channel.write(HTTPServerResponsePart.head(head), promise: nil)
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: answer.body))), promise: nil)
            channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
