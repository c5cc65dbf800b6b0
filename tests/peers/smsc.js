// A carrier on the npm package "smpp". It prints its port, then a line of JSON for each submit.
//
// Argument: {"numbers": {last four digits: behaviour}, "usual": behaviour}, where a behaviour has
// "status" (null: no answer), "delay" (seconds), "receipts" and "replies".

'use strict';

const smpp = require('smpp');

const { numbers, usual } = JSON.parse(process.argv[2]);
let last = 0;

function later(seconds, action) {
  setTimeout(action, seconds * 1000);
}

function print(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

function text(pdu) {
  const said = pdu.message_payload || pdu.short_message;
  return said && said.message !== undefined ? said.message : said;
}

function back(session, pdu, more) {
  if (session.closed) return;
  session.send(new smpp.PDU('deliver_sm', {
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: pdu.destination_addr,
    dest_addr_ton: pdu.source_addr_ton,
    destination_addr: pdu.source_addr,
    ...more,
  }));
}

function submit(session, pdu) {
  const header = pdu.short_message.udh;
  print({
    to: pdu.destination_addr,
    from: pdu.source_addr,
    from_ton: pdu.source_addr_ton,
    from_npi: pdu.source_addr_npi,
    text: text(pdu),
    header: header ? header.map((each) => each.toString('hex')) : [],
    sar: pdu.sar_total_segments ? [pdu.sar_total_segments, pdu.sar_segment_seqnum] : [],
    data_coding: pdu.data_coding,
    registered: pdu.registered_delivery,
    validity: pdu.validity_period,
  });
  const does = numbers[pdu.destination_addr.slice(-4)] || usual;
  last += 1;
  const id = last.toString(16).padStart(8, '0');
  if (does.status !== null) {
    const fields = { command_status: does.status, message_id: does.status ? '' : id };
    later(does.delay, () => session.closed || session.send(pdu.response(fields)));
  }
  for (const receipt of does.receipts) {
    later(receipt.delay, () => back(session, pdu, {
      esm_class: 4,
      receipted_message_id: id,
      message_state: receipt.state,
      network_error_code: Buffer.from([3, 0, Number(receipt.err)]),
      user_message_reference: pdu.user_message_reference,
      short_message: { message: `id:${id} stat:${receipt.stat} err:${receipt.err} text:` },
    }));
  }
  for (const reply of does.replies) {
    later(reply.delay, () => back(session, pdu, { short_message: { message: reply.text } }));
  }
}

const server = smpp.createServer({}, (session) => {
  session.on('bind_transceiver', (pdu) => {
    const status = pdu.password === 'secret' ? 0 : smpp.ESME_RINVPASWD;
    session.send(pdu.response({ command_status: status }));
  });
  session.on('submit_sm', (pdu) => submit(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('error', () => {});
  session.on('close', () => { session.closed = true; });
});
server.listen(0, '127.0.0.1', () => print({ port: server.address().port }));
process.stdin.on('end', () => process.exit(0)).resume();
