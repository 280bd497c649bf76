# A client of the proxy protocol that sends the same bytes as the Ruby library icmp4em, on EventMachine.
# Usage: icmp4em_client.rb PROXY_HOST PORT TIMEOUT RETRIES TARGET...; prints "TARGET answered" or "TARGET timeout".
require 'eventmachine'

# An ICMP message of eight bytes and a payload.
class Packet
  attr_reader :type, :code, :checksum, :id, :sequence, :payload

  def initialize(type, id, sequence, payload = '', code: 0, checksum: nil)
    @type, @code, @id, @sequence, @payload = type, code, id, sequence, payload.b
    @checksum = checksum || right_checksum
  end

  def self.parse(bytes)
    return if bytes.bytesize < 8

    type, code, checksum, id, sequence, payload = bytes.unpack('CCnnna*')
    new(type, id, sequence, payload, code: code, checksum: checksum)
  end

  def to_bytes
    [@type, @code, @checksum, @id, @sequence, @payload].pack('CCnnna*')
  end

  def valid?
    @checksum == right_checksum
  end

  # Only echo replies count; all other messages are ignored.
  def reply?
    @type.zero? && @code.zero?
  end

  private

  # The checksum of RFC 1071, also for an odd length.
  def right_checksum
    bytes = [@type, @code, 0, @id, @sequence, @payload].pack('CCnnna*')
    bytes << "\0" if bytes.bytesize.odd?
    sum = bytes.unpack('n*').sum
    sum = (sum & 0xffff) + (sum >> 16) while sum > 0xffff
    ~sum & 0xffff
  end
end

# One target, which is asked again after each timeout. A sequence number is 12 bits of the request and 4 of the retry.
class Request
  include EM::Deferrable

  def initialize(manager, target, number)
    @manager, @target, @number = manager, target, number
    @retry = 0
    send_out
  end

  def answered(retry_number)
    return unless retry_number <= @retry

    @timer.cancel
    succeed(@target)
  end

  private

  def send_out
    @manager.send_request(@target, @number << 4 | @retry)
    @timer = EM::Timer.new(@manager.timeout) { again }
  end

  def again
    return fail(@target) if @retry == @manager.retries

    @retry += 1
    send_out
  end
end

# The socket to the proxy, a random identifier, and the pending requests.
class Manager < EM::Connection
  attr_reader :timeout, :retries

  def initialize(host, port, timeout, retries)
    super()
    @host, @port, @timeout, @retries = host, port, timeout, retries
    @id = rand(0x10000)
    @requests = {}
  end

  def ping(target)
    number = @requests.size + 1
    @requests[number] = Request.new(self, target, number)
  end

  def send_request(target, sequence)
    packet = Packet.new(8, @id, sequence)
    send_datagram([target.bytesize, target].pack('na*') + packet.to_bytes, @host, @port)
  end

  def receive_data(data)
    packet = Packet.parse(data)
    return unless packet&.valid? && packet.reply? && packet.id == @id

    @requests[packet.sequence >> 4]&.answered(packet.sequence & 0xf)
  end
end

host, port, timeout, retries, *targets = ARGV
EM.run do
  any = host.include?(':') ? '::' : '0.0.0.0'
  manager = EM.open_datagram_socket(any, 0, Manager, host, Integer(port), Float(timeout), Integer(retries))
  left = targets.size
  finished = lambda do |target, outcome|
    puts "#{target} #{outcome}"
    left -= 1
    EM.stop if left.zero?
  end
  targets.each do |target|
    request = manager.ping(target)
    request.callback { |name| finished.call(name, 'answered') }
    request.errback { |name| finished.call(name, 'timeout') }
  end
end
