"""SIM, registration, contexts, clock (AT manual 5, 6, 9, 11; TCP/IP manual)."""

from __future__ import annotations

import pytest

from requests_bg96.emulator import CallableNetwork, Switches
from tests.emulator.host import ERROR, OK, Host, HostMaker, cme

READY = b"\r\n+CPIN: READY\r\n\r\n+QUSIM: 1\r\n"


def info(line: bytes) -> bytes:
    """Return an information text and its OK."""
    return b"\r\n" + line + b"\r\n" + OK


def test_the_pin(any_host: HostMaker) -> None:
    host = any_host(sim="pin", pin="4711").quiet()
    assert host.ask(b"AT+CPIN?\r") == info(b"+CPIN: SIM PIN")
    assert host.ask(b"AT+CIMI\r") == cme(11)
    assert host.ask(b"AT+CEREG?\r") == info(b"+CEREG: 0,0")
    assert host.ask(b'AT+CPIN="4711"\r') == OK + READY
    assert host.ask(b"AT+CPIN?\r") == info(b"+CPIN: READY")
    assert host.ask(b"AT+CEREG?\r") == info(b"+CEREG: 0,2")
    assert host.hear(4) == b"\r\n+QIND: SMS DONE\r\n"
    assert host.ask(b"AT+CEREG?\r") == info(b"+CEREG: 0,1")
    assert host.ask(b"AT+CPIN=4711\r") == cme(3)


def test_wrong_pins_block_the_card(any_host: HostMaker) -> None:
    host = any_host(sim="pin").quiet()
    assert host.ask(b"AT+QPINC?\r") == info(b'+QPINC: "SC", 3,10\r\n+QPINC: "P2", 3,10')
    assert host.ask(b"AT+CPIN=0000\r") == cme(16)
    assert host.ask(b"AT+CPIN=0000\r") == cme(16)
    assert host.ask(b'AT+QPINC="SC"\r') == info(b'+QPINC: "SC",1,10')
    assert host.ask(b"AT+CPIN=0000\r") == cme(12)
    assert host.ask(b"AT+CPIN?\r") == info(b"+CPIN: SIM PUK")
    assert host.ask(b"AT+CPIN=1234\r") == cme(12)
    assert host.ask(b"AT+CPIN=00000000,1111\r") == cme(16)
    assert host.ask(b'AT+CPIN="12345678","1111"\r') == OK + READY
    assert host.ask(b'AT+QPINC="SC"\r') == info(b'+QPINC: "SC",3,10')


def test_attempts_as_firmwares_tell_them(any_host: HostMaker) -> None:
    bare = any_host(sim="pin", switches=Switches(pin_attempts="bare")).quiet()
    assert bare.ask(b"AT+QPINC?\r") == info(b"+QPINC: SC,3,10\r\n+QPINC: P2,3,10")
    refused = any_host(sim="pin", switches=Switches(pin_attempts="refused")).quiet()
    assert refused.ask(b"AT+QPINC?\r") == ERROR


def test_a_blocked_card(any_host: HostMaker) -> None:
    host = any_host(sim="puk").quiet()
    assert host.ask(b"AT+CPIN?\r") == info(b"+CPIN: SIM PUK")
    assert host.ask(b"AT+CIMI\r") == cme(12)


def test_attempts_outlive_a_reset(any_host: HostMaker) -> None:
    host = any_host(sim="pin").quiet()
    assert host.ask(b"AT+CPIN=0000\r") == cme(16)
    host.emulator.reset(urcs=False)
    host.hear(10)
    host.quiet()
    assert host.ask(b'AT+QPINC="SC"\r') == info(b'+QPINC: "SC",2,10')


def test_no_card(any_host: HostMaker) -> None:
    host = any_host(sim=None).quiet()
    assert host.ask(b"AT+CPIN?\r") == cme(10)
    assert host.ask(b"AT+QCCID\r") == ERROR
    assert host.ask(b"AT+CMEE=2;+CPIN?\r") == b"\r\n+CME ERROR: SIM not inserted\r\n"
    assert host.ask(b"AT+CMEE=0;+CPIN?\r") == ERROR


def test_the_demand_for_a_pin(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+CLCK="SC",2\r') == info(b"+CLCK: 0")
    assert host.ask(b'AT+CLCK="SC",1,"9999"\r') == cme(16)
    assert host.ask(b'AT+CLCK="SC",1,"1234"\r') == OK
    assert host.ask(b'AT+CLCK="SC",2\r') == info(b"+CLCK: 1")
    assert host.ask(b"AT+CPIN?\r") == info(b"+CPIN: READY")
    host.emulator.reset(urcs=False)
    host.hear(10)
    host.quiet()
    assert host.ask(b"AT+CPIN?\r") == info(b"+CPIN: SIM PIN")


@pytest.mark.parametrize(
    "registration, stat",
    [
        ("home", 1),
        ("roaming", 5),
        ("searching", 2),
        ("denied", 3),
        ("idle", 0),
        ("unknown", 4),
    ],
)
def test_registration(any_host: HostMaker, registration: str, stat: int) -> None:
    host = any_host(registration=registration).quiet()
    for name in (b"CREG", b"CGREG", b"CEREG"):
        assert host.ask(b"AT+%s?\r" % name) == info(b"+%s: 0,%d" % (name, stat))
    served = stat in (1, 5)
    assert host.ask(b"AT+CGATT?\r") == info(b"+CGATT: %d" % served)
    assert host.ask(b"AT+QIACT=1\r") == (OK if served else ERROR)
    assert host.ask(b"AT+CSQ\r") == info(b"+CSQ: 20,99" if served else b"+CSQ: 99,99")


def test_registration_with_its_place(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+CEREG=2")
    assert host.ask(b"AT+CEREG?\r") == info(b'+CEREG: 2,1,"1A2B","01A2D3F",8')
    assert host.ask(b"AT+CREG=4\r") == ERROR
    assert host.ask(b"AT+CEREG=?\r") == info(b"+CEREG: (0,1,2,4)")


def test_changes_of_registration_are_reported(any_host: HostMaker) -> None:
    host = any_host(registration="searching").quiet(b"AT+CEREG=2", b"AT+CREG=1")
    host.emulator.set_registration("roaming")
    assert host.hear() == (b'\r\n+CREG: 5\r\n\r\n+CEREG: 5,"1A2B","01A2D3F",8\r\n')
    assert host.ask(b"AT+QIACT=1\r") == OK
    host.emulator.set_registration("denied")
    assert host.hear() == (
        b'\r\n+CREG: 3\r\n\r\n+CEREG: 3\r\n\r\n+QIURC: "pdpdeact",1\r\n'
    )


def test_operators(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+COPS?\r") == info(b'+COPS: 0,0,"Test Network",8')
    assert host.ask(b"AT+COPS=3,2\r") == OK
    assert host.ask(b"AT+COPS?\r") == info(b'+COPS: 0,2,"00101",8')
    assert host.ask(b'AT+COPS=1,2,"99999"\r') == cme(30)
    assert host.ask(b"AT+COPS=2\r") == OK
    assert host.ask(b"AT+COPS?\r") == info(b"+COPS: 2")
    assert host.ask(b"AT+QCSQ\r") == info(b'+QCSQ: "NOSERVICE"')
    assert host.ask(b"AT+QNWINFO\r") == info(b"+QNWINFO: No Service")
    assert host.ask(b"AT+COPS=0\r", 2.9) == b""
    assert host.hear(0.2) == OK
    assert host.ask(b"AT+COPS?\r") == info(b'+COPS: 0,2,"00101",8')
    assert host.ask(b"AT+QNWINFO\r") == (
        info(b'+QNWINFO: "Cat-M1","00101","LTE BAND 20",6300')
    )


def test_detaching_loses_the_contexts(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+QIACT=1")
    assert host.ask(b"AT+CGATT=0\r") == OK + b'\r\n+QIURC: "pdpdeact",1\r\n'
    assert host.ask(b"AT+QIDEACT=1;+QIACT=1\r") == ERROR
    assert host.ask(b"AT+CGATT=1;+QIACT=1\r") == OK
    assert host.ask(b"AT+CGATT=2\r") == ERROR


def test_contexts(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QICSGP=1\r") == info(b'+QICSGP: 1,"","","",0')
    assert host.ask(b'AT+QICSGP=1,1,"apn","user","word",3\r') == OK
    assert host.ask(b"AT+QICSGP=1\r") == info(b'+QICSGP: 1,"apn","user","word",3')
    assert host.ask(b"AT+QIACT?\r") == OK
    assert host.ask(b"AT+QIDNSCFG=1\r") == ERROR
    assert host.ask(b"AT+QIACT=1\r") == OK
    assert host.ask(b"AT+QIACT?\r") == info(b'+QIACT: 1,1,1,"10.64.0.1"')
    assert host.ask(b"AT+CGPADDR=1\r") == info(b'+CGPADDR: 1,"10.64.0.1"')
    assert host.ask(b"AT+CGACT?\r") == info(b"+CGACT: 1,1")
    assert host.ask(b"AT+QIDNSCFG=1\r") == info(
        b'+QIDNSCFG: 1,"10.64.0.253","10.64.0.254"'
    )
    assert host.ask(b'AT+QIDNSCFG=1,"192.0.2.53"\r') == OK
    assert host.ask(b"AT+QIDNSCFG=1\r") == info(
        b'+QIDNSCFG: 1,"192.0.2.53","10.64.0.254"'
    )
    assert host.ask(b'AT+QIDNSCFG=1,"nonsense"\r') == ERROR
    assert host.ask(b"AT+QIDEACT=1\r") == OK
    assert host.ask(b"AT+QIDEACT=1\r") == OK
    assert host.ask(b"AT+QIACT?\r") == OK


@pytest.mark.parametrize(
    "command",
    [
        b"+QICSGP=17",
        b"+QICSGP=1,3",
        b'+QICSGP=1,1,"a","","",4',
        b"+QICSGP=1,1,apn",
        b"+QIACT=0",
        b"+QIDEACT=17",
        b"+CGPADDR=1,\xb2",
        b"+CGPADDR=17",
        b"+QIACT=",
    ],
)
def test_contexts_are_checked(any_host: HostMaker, command: bytes) -> None:
    assert any_host().quiet().ask(b"AT" + command + b"\r") == ERROR


def test_an_active_context_is_not_activated_again(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+QIACT=1")
    assert host.ask(b"AT+QIACT=1\r") == ERROR
    assert host.ask(b"AT+QIGETERROR\r") == info(
        b"+QIGETERROR: 572,operation not allowed"
    )


def test_an_active_context_may_be_activated_again(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(qiact_active="ok")).quiet(b"AT+QIACT=1")
    assert host.ask(b"AT+QIACT=1\r") == OK
    assert host.ask(b"AT+QIGETERROR\r") == info(b"+QIGETERROR: 0,operate successfully")


def test_three_contexts_at_once(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+QIACT=1", b"AT+QIACT=2", b"AT+QIACT=3")
    assert host.ask(b"AT+QIACT=4\r") == ERROR
    assert host.ask(b"AT+QIACT?\r").count(b"+QIACT:") == 3


def test_another_apn_is_refused(any_host: HostMaker) -> None:
    host = any_host(apn="iot").quiet(b'AT+QICSGP=1,1,"wrong","",""')
    assert host.ask(b"AT+QIACT=1\r") == ERROR
    assert host.ask(b"AT+QIGETERROR\r") == info(
        b"+QIGETERROR: 561,open PDP context failed"
    )
    host.quiet(b'AT+QICSGP=1,1,"iot","",""', b"AT+QIACT=1")


def test_after_a_loss_deactivation_is_obligatory(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+QIACT=1")
    host.emulator.lose_context()
    assert host.hear() == b'\r\n+QIURC: "pdpdeact",1\r\n'
    assert host.ask(b"AT+QIACT?\r") == OK
    assert host.ask(b"AT+QIACT=1\r") == ERROR
    assert host.ask(b"AT+QIDEACT=1\r") == OK
    assert host.ask(b"AT+QIACT=1\r") == OK


def test_definitions(any_host: HostMaker) -> None:
    host = any_host().quiet(b'AT+CGDCONT=2,"IPV4V6","iot"')
    assert host.ask(b"AT+CGDCONT?\r") == info(
        b'+CGDCONT: 1,"IP","","0.0.0.0",0,0\r\n'
        b'+CGDCONT: 2,"IPV4V6","iot","0.0.0.0",0,0'
    )
    assert host.ask(b"AT+CGDCONT=2\r") == OK
    assert b": 2," not in host.ask(b"AT+CGDCONT?\r")
    host.quiet(b"AT+QIACT=1")
    assert host.ask(b'AT+CGDCONT=1,"IP","x"\r') == ERROR


def test_a_name_is_looked_up(any_host: HostMaker) -> None:
    network = CallableNetwork(lambda request: b"", delay=2)
    host = any_host(network=network).quiet()
    assert host.ask(b'AT+QIDNSGIP=1,"example.org"\r') == ERROR
    host.quiet(b"AT+QIACT=1")
    assert host.ask(b'AT+QIDNSGIP=1,"example.org"\r') == OK
    assert host.hear(3) == (
        b'\r\n+QIURC: "dnsgip",0,1,600\r\n\r\n+QIURC: "dnsgip","192.0.2.1"\r\n'
    )


def test_functionality(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+QIACT=1")
    assert host.ask(b"AT+CFUN=?\r") == info(b"+CFUN: (0,1,4),(0,1)")
    assert host.ask(b"AT+CFUN=0\r") == OK + b'\r\n+QIURC: "pdpdeact",1\r\n'
    assert host.ask(b"AT+CFUN?\r") == info(b"+CFUN: 0")
    assert host.ask(b"AT+CPIN?\r") == cme(13)
    assert host.ask(b"AT+COPS?\r") == info(b"+COPS: 2")
    assert host.ask(b"AT+CFUN=1\r") == OK + READY
    assert host.hear(4) == b"\r\n+QIND: SMS DONE\r\n"
    assert host.ask(b"AT+CEREG?\r") == info(b"+CEREG: 0,1")
    assert host.ask(b"AT+CFUN=4\r") == OK
    assert host.ask(b"AT+CPIN?\r") == info(b"+CPIN: READY")
    assert host.ask(b"AT+CEREG?\r") == info(b"+CEREG: 0,0")
    assert host.ask(b"AT+CFUN=2\r") == ERROR
    assert host.ask(b"AT+CFUN=0,1\r") == ERROR


def test_the_clock(any_host: HostMaker) -> None:
    host = any_host().quiet(b'AT+CCLK="26/02/28,23:59:59+08"')
    host.hear(1)
    assert host.ask(b"AT+CCLK?\r") == info(b'+CCLK: "26/03/01,00:00:00+08"')
    assert host.ask(b'AT+CCLK="26/02/30,00:00:00+08"\r') == ERROR
    assert host.ask(b'AT+CCLK="26/02/28,00:00:00+57"\r') == ERROR
    assert host.ask(b"AT+CTZU=1;+CTZR=2;+CTZU?;+CTZR?\r") == (
        b"\r\n+CTZU: 1\r\n\r\n+CTZR: 2\r\n" + OK
    )


def test_the_time_of_the_network(any_host: HostMaker) -> None:
    assert any_host(registration="denied").quiet().ask(b"AT+QLTS\r") == info(
        b'+QLTS: ""'
    )
    host = any_host().quiet()
    assert host.ask(b"AT+QLTS=1\r").startswith(b'\r\n+QLTS: "2026/01/01,00:00:0')


def ssl(host: Host, *arguments: bytes) -> bytes:
    """Print or set a value of an SSL context."""
    return host.ask(b"AT+QSSLCFG=" + b",".join(arguments) + b"\r")


@pytest.mark.parametrize(
    "key, default, other, shown",
    [
        (b"sslversion", b"4", b"3", b"3"),
        (b"ciphersuite", b"0XFFFF", b"0x002f", b"0X002F"),
        (b"cacert", b'""', b'"ca.pem"', b'"ca.pem"'),
        (b"clientcert", b'""', b'"c.pem"', b'"c.pem"'),
        (b"clientkey", b'""', b'"k.pem"', b'"k.pem"'),
        (b"seclevel", b"0", b"2", b"2"),
        (b"ignorelocaltime", b"1", b"0", b"0"),
        (b"negotiatetime", b"300", b"10", b"10"),
    ],
)
def test_settings_of_tls(
    any_host: HostMaker, key: bytes, default: bytes, other: bytes, shown: bytes
) -> None:
    host = any_host().quiet()
    name = b'"' + key + b'"'
    line = b'+QSSLCFG: "' + key + b'",5,'
    assert ssl(host, name, b"5") == info(line + default)
    assert ssl(host, name, b"5", other) == OK
    assert ssl(host, name, b"5") == info(line + shown)
    assert ssl(host, name, b"4").endswith(b"4," + default + b"\r\n" + OK)
    host.emulator.reset(urcs=False)
    host.hear(10)
    host.quiet()
    assert ssl(host, name, b"5") == info(line + default)


@pytest.mark.parametrize(
    "arguments",
    [
        b'"sslversion",6',
        b'"sslversion",0,5',
        b'"ciphersuite",0,0X1301',
        b'"ciphersuite",0,"0XFFFF"',
        b'"secllevel",0,1',
        b'"seclevel",0,3',
        b'"negotiatetime",0,9',
        b'"cacert",0,ca.pem',
        b'"sni",0,1',
        b'"checkhost",0,1',
        b'"ignorecertchain",0',
        b'"seclevel",0,1,1',
        b"",
    ],
)
def test_settings_of_tls_are_checked(any_host: HostMaker, arguments: bytes) -> None:
    assert ssl(any_host().quiet(), arguments) == ERROR


def test_later_firmwares_know_more_of_tls(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(sni_checkhost=True)).quiet()
    for key in (b'"sni"', b'"checkhost"', b'"ignorecertchain"'):
        assert ssl(host, key, b"0") == info(b"+QSSLCFG: " + key + b",0,0")
        assert ssl(host, key, b"0", b"1") == OK


def test_the_network_gets_the_settings_of_tls(make_host: HostMaker) -> None:
    host = make_host(switches=Switches(sni_checkhost=True))
    host.online(b"https://example.org", sslctxid=2)
    host.ask(b'AT+QFUPL="ca.pem",2\r')
    host.ask(b"ca")
    for setting in (b'"cacert",2,"ca.pem"', b'"seclevel",2,1', b'"sni",2,1'):
        assert ssl(host, setting) == OK
    host.ask(b"AT+QHTTPGET\r")
    tls = host.servers.requests[0].tls
    assert tls is not None
    assert (tls.ca_certificate, tls.level, tls.server_name) == (b"ca", 1, True)
    assert (tls.client_key, tls.ignore_time, tls.version) == (None, True, 4)


# Commands of other programs


def test_the_slot(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QSIMSTAT=?\r") == info(b"+QSIMSTAT: (0,1)")
    assert host.ask(b"AT+QSIMSTAT?\r") == info(b"+QSIMSTAT: 0,1")
    assert host.ask(b"AT+QSIMSTAT=1;+QSIMDET=1,0;&W\r") == OK
    assert host.ask(b"AT+QSIMSTAT=2\r") == ERROR
    assert host.ask(b"AT+QSIMDET=?\r") == info(b"+QSIMDET: (0,1),(0,1)")
    assert host.ask(b"AT+QSIMDET?\r") == info(b"+QSIMDET: 1,0")
    host.emulator.reset(urcs=False)
    host.hear(10)
    assert host.ask(b"AT&FE0+QSIMDET?\r").endswith(info(b"+QSIMDET: 1,0"))
    assert host.ask(b"AT+QSIMSTAT?\r") == info(b"+QSIMSTAT: 1,1")


def test_an_empty_slot(any_host: HostMaker) -> None:
    host = any_host(sim=None).quiet()
    assert host.ask(b"AT+QSIMSTAT?\r") == info(b"+QSIMSTAT: 0,0")
    assert host.ask(b"AT+QSPN\r") == cme(10)
    assert host.ask(b"AT+CGACT=1,1\r") == cme(10)


def test_the_names_of_the_network(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QSPN=?\r") == OK
    names = b'+QSPN: "Test Network","Test","",0,"00101"'
    assert host.ask(b"AT+QSPN\r") == info(names)
    host.emulator.set_registration("denied")
    assert host.ask(b"AT+QSPN\r") == info(b'+QSPN: "","","",0,""')


def test_the_echo_of_socket_payload(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QISDE=?\r") == info(b"+QISDE: (0,1)")
    assert host.ask(b"AT+QISDE=1\r") == OK
    assert host.ask(b"AT+QISDE?\r") == info(b"+QISDE: 1")
    assert host.ask(b"AT+QISDE=2\r") == ERROR
    host.emulator.reset(urcs=False)
    host.hear(10)
    assert host.quiet().ask(b"AT+QISDE?\r") == info(b"+QISDE: 0")


@pytest.mark.parametrize(
    "command", [b"=?", b'="version",0,4', b'="session",0,1', b'="ssl",0,1,2']
)
def test_settings_of_mqtt_are_taken(any_host: HostMaker, command: bytes) -> None:
    assert any_host().quiet().ask(b"AT+QMTCFG" + command + b"\r") == OK


def test_reports_of_packet_events(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+CGEREP=?\r") == info(b"+CGEREP: (0-2),(0,1)")
    assert host.ask(b"AT+CGEREP=2,1\r") == OK
    assert host.ask(b"AT+CGEREP?\r") == info(b"+CGEREP: 2,1")
    assert host.ask(b"AT+CGEREP=3\r") == ERROR
    assert host.ask(b"AT+CGEREP\r") == OK
    assert host.ask(b"AT+CGEREP?\r") == info(b"+CGEREP: 0,0")
    assert host.ask(b"AT+CGEREP=1;&FE0\r") == OK
    assert host.ask(b"AT+CGEREP?\r") == info(b"+CGEREP: 0,0")


def test_contexts_of_the_other_command(any_host: HostMaker) -> None:
    """AT+QIACT cannot use a context of AT+CGACT (HTTP manual 4.2)."""
    host = any_host().quiet(b"AT+CGATT=0")
    assert host.ask(b"AT+CGACT=1,1\r") == OK
    assert host.ask(b"AT+CGATT?\r") == info(b"+CGATT: 1")
    assert host.ask(b"AT+CGACT?\r") == info(b"+CGACT: 1,1")
    assert host.ask(b"AT+QIACT?\r") == OK
    assert host.ask(b"AT+QIACT=1\r") == ERROR
    assert host.ask(b"AT+CGACT=1,2,3\r") == OK
    assert host.ask(b"AT+CGACT=1,4\r") == cme(3)
    assert host.ask(b"AT+QIACT=5\r") == ERROR
    assert host.ask(b"AT+CGACT=0,1,3\r") == OK
    assert host.ask(b"AT+CGACT?\r") == info(b"+CGACT: 1,0\r\n+CGACT: 2,1")
    assert host.ask(b"AT+QIACT=1\r") == OK
    assert host.ask(b"AT+CGACT=0\r") == OK + b'\r\n+QIURC: "pdpdeact",1\r\n'
    assert host.ask(b"AT+CGACT=1,17\r") == ERROR
    assert host.ask(b"AT+CGACT=2,1\r") == ERROR


def test_a_context_without_a_network(any_host: HostMaker) -> None:
    host = any_host(registration="searching").quiet()
    assert host.ask(b"AT+CGACT=1,1\r") == cme(30)


@pytest.mark.parametrize(
    ("options", "year"), [(b"", b"26"), (b",123,1", b"26"), (b",123,0", b"08")]
)
def test_the_time_of_a_server(any_host: HostMaker, options: bytes, year: bytes) -> None:
    host = any_host().quiet()
    command = b'AT+QNTP=1,"time.example"%s\r' % options
    assert host.ask(command) == ERROR
    assert host.ask(b"AT+QIACT=1\r") == OK
    told = host.ask(command)
    assert told.startswith(OK + b'\r\n+QNTP: 0,"2026/01/01,00:00:0')
    assert told.endswith(b'+00"\r\n')
    assert host.ask(b"AT+CCLK?\r").startswith(b'\r\n+CCLK: "%s/' % year)
    assert host.ask(b"AT+QNTP?\r") == OK
