import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers the two actions that the sink calls, and keeps nothing: what is measured is the sink.
enum QueueStub {
    /// Serves on a free port of 127.0.0.1 until the process is ended, and prints the port.
    static func serve() async throws {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(Connection())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        print(channel.localAddress?.port ?? 0)
        try await channel.closeFuture.get()
    }

    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private var isBatch = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                isBatch = head.headers.first(name: "x-amz-target") == "AmazonSQS.SendMessageBatch"
            case .body: break
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            var body = context.channel.allocator.buffer(capacity: 2048)
            if isBatch {
                // As many as the sink puts into a request.
                let md5 = "d41d8cd98f00b204e9800998ecf8427e"
                body.writeString("{\"Successful\":[")
                for entry in 0..<10 {
                    body.writeString(entry == 0 ? "" : ",")
                    body.writeString("{\"Id\":\"\(entry)\",\"MessageId\":\"5fea7756-0ea4-451a-a703-a558b933e274\",")
                    body.writeString("\"MD5OfMessageBody\":\"\(md5)\",\"MD5OfMessageAttributes\":\"\(md5)\"}")
                }
                body.writeString("]}")
            } else {
                body.writeString("{\"Attributes\":{\"MaximumMessageSize\":\"1048576\"}}")
            }
            let headers: HTTPHeaders = ["content-length": "\(body.readableBytes)"]
            context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: .ok, headers: headers))), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
