"""Spanish."""

from octavo.api.errors.wording import Notes

WORDING: dict[int, tuple[str, ...]] = {
    101: ("El api-login y la api-key no corresponden a ninguna cuenta.",),
    102: ("El texto supera los 160 caracteres de un solo SMS.",),
    103: ("No queda ningún destinatario.",),
    104: (
        "Crédito insuficiente para este envío.",
        "Cuesta {cost} y hay {available} disponible.",
    ),
    107: ("Falta el texto del mensaje o está vacío.",),
    108: ("Falta el api-login.",),
    109: ("Falta la api-key.",),
    110: ("Falta la lista de destinatarios o está vacía.",),
    117: (
        "Ningún número válido en la lista de destinatarios.",
        "Los números se escriben con + y el prefijo del país, por ejemplo +33600000000.",
        "Inutilizables: {numbers}.",
    ),
    119: ("Este tipo de SMS no puede superar los 160 caracteres.", "El texto tiene {length}."),
    120: ("Ya se envió un mensaje con el mismo request_id.", "Su ticket es {ticket}."),
    121: ("Falta la mención STOP.",),
    122: ("Falta la mención STOP o la mención no PUB=STOP.",),
    127: ("La campaña todavía se está calculando.",),
    131: ("Campaña no encontrada.", "Ticket: {ticket}."),
    132: ("La campaña ya se envió.", "Ticket: {ticket}."),
    150: ("Ningún país corresponde al prefijo del número.", "Número: {number}."),
    151: ("No se da servicio al país de destino.", "País: {country}."),
    152: (
        "Los SMS low cost no están disponibles para este país: utilice sms_premium.",
        "País: {country}.",
    ),
    302: ("Ya existe una lista con este nombre.", "Nombre: {name}."),
    303: ("No hay ninguna lista con este nombre.", "Nombre: {name}."),
    305: ("Demasiados contactos en una sola petición.", "Se aceptan {limit} como máximo."),
    400: ("Error de validación de los datos.",),
    404: ("No hay nada en esta dirección.",),
    405: ("Esta dirección no acepta este método.",),
    408: ("La petición no llegó entera a tiempo.", "Puede durar {seconds} segundos."),
    413: ("La petición es demasiado grande.", "Se aceptan {limit} bytes como máximo."),
    429: ("Demasiadas peticiones: vuelva a intentarlo más tarde.", "Dentro de {seconds} segundos."),
    431: (
        "Las cabeceras de la petición son demasiado grandes.",
        "Se aceptan {limit} bytes como máximo.",
    ),
    442: ("Idioma de voz no admitido.",),
    443: ("El cuerpo no es ni JSON ni un formulario.",),
    444: ("El cuerpo debe ser un objeto JSON.",),
    445: ("El cuerpo tiene demasiados niveles.",),
    446: ("El cuerpo tiene demasiados campos.",),
    447: ("El cuerpo es demasiado largo.", "Se aceptan {limit} bytes como máximo."),
    448: ("Falta este campo o no tiene un valor utilizable.",),
    449: ("Este valor no se conoce.", "Valores conocidos: {known}."),
    450: (
        "El texto es demasiado largo.",
        "Tiene {length} caracteres y se aceptan {limit} como máximo.",
        "Ocupa {parts} SMS y se aceptan {most} como máximo.",
    ),
    451: ("Todavía no está disponible en este servidor.", "Disponible: {available}."),
    455: ("Este campo necesita otro.", "Falta: {other}."),
    500: ("La petición no se pudo procesar.",),
    503: ("El servicio no está disponible por ahora y no se hizo nada: vuelva a intentarlo.",),
    504: ("No se sabe si esto se hizo: vuelva a enviarlo solo con el mismo request_id.",),
    2005: ("El campo [destination email] debe ser válido.",),
}

NOTES = Notes(
    repeated="Destinatarios repetidos, enviados una sola vez: {names}.",
    unusable="Destinatarios sin número utilizable, descartados: {names}.",
    unserved="Destinatarios en países sin servicio, descartados: {names}.",
    more="y {count} más",
)
